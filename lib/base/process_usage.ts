import process from "node:process";

/** CPU time that this process has used so far, user and system, all threads. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Largest resident memory of this process so far; told in KiB on every system. */
export function ownPeakMemoryMib(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Milliseconds since this program started. */
export function sinceProgramStartMs(): number {
  return performance.now();
}
