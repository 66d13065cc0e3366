/**
 * Writes a line for whoever looks on. A terminal that has been closed refuses
 * it, which must not end a run that still has results to save.
 */
export function print(stream: "stdout" | "stderr", line: string): void {
  tolerateClosed(() => stream === "stdout" ? console.log(line) : console.error(line));
}

/** Writes to a terminal that may be gone. */
export function tolerateClosed(write: () => void): void {
  try {
    write();
  } catch {
    // Nobody is there to be told.
  }
}
