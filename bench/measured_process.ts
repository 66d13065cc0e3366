import assert from "node:assert/strict";

/** What a process came to, by the operating system's accounting of it. */
export interface MeasuredProcess {
  /** CPU time, user and system, of the whole process and its children. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly stdout: string;
}

/** Runs a program to its end and tells what it cost (the shell's `time`, which asks the kernel). */
export async function measureProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MeasuredProcess> {
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT="%R %U %S"; time "$0" "$@"', command, ...args],
    env,
    stdin: "null",
  }).output();
  const errors = new TextDecoder().decode(stderr);
  assert.ok(success, `${command} failed:\n${errors}`);
  const times = errors.trimEnd().split("\n").at(-1)!.split(" ").map(Number);
  assert.equal(times.length, 3, errors);
  const [elapsedS, userS, systemS] = times;
  return {
    cpuMs: (userS + systemS) * 1000,
    elapsedMs: elapsedS * 1000,
    stdout: new TextDecoder().decode(stdout),
  };
}

/** The middle of several figures. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
