import pidusage from "pidusage";
import type { ScrapedRow, Scraper } from "../model/platform.ts";
import { PROCESSES } from "../store/schema/tables.ts";

/** CPU and memory of one process, as pidusage has it. */
export interface ProcessUsage {
  /** CPU time since it began, ms. */
  readonly ctime: number;
  /** Resident, bytes. */
  readonly memory: number;
  /** When it was looked at, ms since 1970. */
  readonly timestamp: number;
}

/** Asks the system; a process that is gone is missing or `undefined` in the answer. */
export type ReadUsage = (
  pids: number[],
) => Promise<Readonly<Record<string, ProcessUsage | null | undefined>>>;

/** Options of {@linkcode createProcessScraper}. */
export interface ProcessScraperOptions {
  /** The processes to look at, by the name of their group. */
  readonly groups: () => Readonly<Record<string, readonly number[]>>;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Linux (/proc) and macOS (ps) by default. */
  readonly readUsage?: ReadUsage;
}

/**
 * Scrapes CPU and resident memory of groups of processes. CPU is that since
 * the scrape before, all of it for a process that is new; the first scrape
 * knows none. A process is not seen after its last scrape, so not at all if it
 * began and ended between two. Pages that processes share are counted in each.
 */
export function createProcessScraper(options: ProcessScraperOptions): Scraper {
  const { groups, everyMs, timeoutMs, readUsage = readPidUsage } = options;
  let before: { readonly atMs: number; readonly cpuMs: ReadonlyMap<number, number> } | null = null;
  return {
    name: "processes",
    tables: [PROCESSES],
    everyMs,
    timeoutMs,
    async scrape() {
      const asked = Object.entries(groups());
      const pids = asked.flatMap(([, pidsOfGroup]) => pidsOfGroup);
      const usage = pids.length === 0 ? {} : await readUsage(pids);
      const alive = new Map(pids.flatMap((pid) => {
        const found = usage[pid];
        return found === null || found === undefined ? [] : [[pid, found]];
      }));
      const last = before;
      const atMs = Math.max(...[...alive.values()].map(({ timestamp }) => timestamp));
      before = alive.size === 0
        ? null
        : { atMs, cpuMs: new Map([...alive].map(([pid, { ctime }]) => [pid, ctime])) };
      return asked.map(([group, pidsOfGroup]): ScrapedRow => {
        const found = pidsOfGroup.filter((pid) => alive.has(pid));
        const cpuMs = sum(found, (pid) => alive.get(pid)!.ctime - (last?.cpuMs.get(pid) ?? 0));
        const cpuPercent = last === null || atMs <= last.atMs
          ? null
          : cpuMs / (atMs - last.atMs) * 100;
        const memoryMib = sum(found, (pid) => alive.get(pid)!.memory) / 2 ** 20;
        return { table: PROCESSES, cells: [group, found.length, cpuPercent, memoryMib, null] };
      });
    },
    gap: () =>
      Object.keys(groups()).map((group) => ({
        table: PROCESSES,
        cells: [group, null, null, null, null],
      })),
  };
}

let procReadable: boolean | undefined;

/**
 * pidusage rejects when none of the processes is there any more. Deno lets only
 * programs with all permissions read /proc; others ask `ps`, which counts CPU
 * time in whole seconds.
 */
async function readPidUsage(pids: number[]): ReturnType<ReadUsage> {
  procReadable ??= isProcReadable();
  return await pidusage(pids, { usePs: !procReadable });
}

function isProcReadable(): boolean {
  try {
    Deno.readTextFileSync("/proc/self/stat");
    return true;
  } catch {
    return false;
  }
}

function sum(pids: readonly number[], value: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + value(pid), 0);
}
