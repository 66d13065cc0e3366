import { getPriority, setPriority } from "node:os";
import process from "node:process";

/** What the operating system says of a session: its number and its niceness. */
const GROUP = /^\/autogroup-\d+ nice (-?\d+)/;

/** Before whatever people run, behind the kernel's own threads (from −20 to 19). */
const RAISED_NICE = -15;

/**
 * Sets the niceness of a process' session among the machine's sessions, from −20 to 19: Linux
 * schedules sessions as groups of equal weight (autogroup, sched(7)), among which the niceness of
 * processes does not count.
 *
 * @returns what it was before; `null` where it cannot be set: another system, no autogroups, no
 * permission
 */
export function setSessionNice(pid: number, nice: number): number | null {
  const file = `/proc/${pid}/autogroup`;
  try {
    const before = GROUP.exec(Deno.readTextFileSync(file))?.[1];
    if (before === undefined) return null;
    Deno.writeTextFileSync(file, String(nice), { create: false });
    return Number(before);
  } catch {
    return null;
  }
}

/** A priority that is raised until it is given back. */
export interface RaisedPriority {
  /** True if the operating system granted it. */
  readonly isRaised: boolean;
  restore(): void;
}

/**
 * Asks for this process to be run before others, itself and its session, until that is
 * restored. Where it is not permitted, as mostly for other users than root, nothing changes.
 */
export function raiseOwnPriority(): RaisedPriority {
  const before = getPriority();
  const isRaised = trySetNice(RAISED_NICE);
  const sessionBefore = isRaised ? setSessionNice(Deno.pid, RAISED_NICE) : null;
  return {
    isRaised,
    restore() {
      if (sessionBefore !== null) setSessionNice(Deno.pid, sessionBefore);
      if (isRaised) trySetNice(before);
    },
  };
}

function trySetNice(nice: number): boolean {
  try {
    setPriority(nice);
    return true;
  } catch {
    return false;
  }
}

/** CPU time that this process has used so far, user and system, all threads. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Largest resident memory of this process so far. On Linux as `/proc` tells it: what
 * getrusage(2) tells begins with the peak of whoever started the process, which `exec`
 * does not forget (see `findings/`).
 */
export function ownPeakMemoryMib(): number {
  const told = /^VmHWM:\s+(\d+) kB$/m.exec(readStatus());
  return (told === null ? process.resourceUsage().maxRSS : Number(told[1])) / 1024;
}

/** Empty where there is none, or it may not be read. */
function readStatus(): string {
  try {
    return Deno.readTextFileSync("/proc/self/status");
  } catch {
    return "";
  }
}

/** Milliseconds since this program started. */
export function sinceProgramStartMs(): number {
  return performance.now();
}
