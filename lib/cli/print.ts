import { hideSecrets } from "../base/secrets.ts";

/**
 * Writes a line for whoever looks on. A terminal that has been closed refuses
 * it, which must not end a run that still has results to save. Secrets are hidden.
 */
export function print(stream: "stdout" | "stderr", line: string): void {
  const shown = hideSecrets(line);
  tolerateClosed(() => stream === "stdout" ? console.log(shown) : console.error(shown));
}

/** Writes to a terminal that may be gone. */
export function tolerateClosed(write: () => void): void {
  try {
    write();
  } catch {
    // Nobody is there to be told.
  }
}
