import { join } from "node:path";
import { sinceProgramStartMs } from "../base/process.ts";
import type { MachineCounters, MachineGauge, MachineLimits } from "../model/machine.ts";
import {
  findOwnCgroup,
  type OwnCgroup,
  readMachineLimits,
  readMemoryLimitMib,
} from "./own_cgroup.ts";

/**
 * Longest time that reading a file may take, ms. All of them together take about
 * 0.02 ms once a second; but what they tell is computed as they are read, and on
 * machines with hundreds of cores and interrupts `/proc/stat` can be slow.
 */
const LONGEST_READ_MS = 0.5;

/** Readings, the quickest of which tells what a file takes. */
const TRIAL_READS = 3;

/** `/proc/stat` counts in hundredths of a second on every architecture of Linux (proc_stat(5)). */
const TICK_MS = 10;

/** The positions of kinds of time in the first line of `/proc/stat` that are part of no other. */
const CPU_KINDS = 8;
const STEAL = 7;

/** Field 12 of `/proc/self/stat`, counted after the name, which may hold anything. */
const MAJOR_FAULTS = 9;

const UNKNOWN: MachineCounters = {
  stolenMs: null,
  coreMs: null,
  throttledMs: null,
  cpuPeriods: null,
  throttledPeriods: null,
  threadWaitMs: null,
  cpuPressureMs: null,
  memoryPressureMs: null,
  memoryLimitHits: null,
  majorFaults: null,
};

/** A file of the kernel's that is read again and again. */
class CounterFile {
  readonly #file: Deno.FsFile;
  static readonly #buffer = new Uint8Array(1 << 16);
  static readonly #decoder = new TextDecoder();

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** @returns `null` where there is none, or it takes too long to read */
  static open(path: string): CounterFile | null {
    let opened: CounterFile | undefined;
    try {
      opened = new CounterFile(Deno.openSync(path));
      let leastMs = Infinity;
      for (let trial = 0; trial < TRIAL_READS; trial++) {
        const startMs = sinceProgramStartMs();
        opened.#read();
        leastMs = Math.min(leastMs, sinceProgramStartMs() - startMs);
      }
      if (leastMs <= LONGEST_READ_MS) return opened;
    } catch {
      // Another system, or not for us to read: unknown.
    }
    opened?.close();
    return null;
  }

  /** Empty when it cannot be read any more. */
  text(): string {
    try {
      return this.#read();
    } catch {
      return "";
    }
  }

  #read(): string {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    // The kernel hands out what it has in one go; what we look for stands in front.
    const bytes = this.#file.readSync(CounterFile.#buffer) ?? 0;
    return CounterFile.#decoder.decode(CounterFile.#buffer.subarray(0, bytes));
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Reads what the machine does to the loader: the hypervisor's steal, throttling
 * at the CPU limit of its control group, pressure (PSI) and page faults. The files
 * are kept open, so that a reading takes microseconds. On other systems than Linux
 * everything is unknown.
 */
export class MachineReader implements MachineGauge {
  readonly limits: MachineLimits;
  readonly #stat: CounterFile | null;
  readonly #ownStat: CounterFile | null;
  readonly #threadWait: CounterFile | null;
  readonly #cpuPressure: CounterFile | null;
  readonly #memoryPressure: CounterFile | null;
  readonly #cpuGroup: OwnCgroup | null;
  /** Of the own group and of those that it is in: each throttles by itself. */
  readonly #throttling: readonly CounterFile[];
  readonly #memoryGroup: OwnCgroup | null;
  readonly #memoryEvents: CounterFile | null;

  /** @param root where `proc` and `sys` are, for tests */
  constructor(root = "/") {
    this.limits = readMachineLimits(root);
    const open = (path: string) => CounterFile.open(join(root, path));
    this.#stat = open("proc/stat");
    this.#ownStat = open("proc/self/stat");
    this.#threadWait = open("proc/self/schedstat");
    this.#cpuGroup = findOwnCgroup("cpu", root);
    this.#memoryGroup = findOwnCgroup("memory", root);
    this.#throttling = (this.#cpuGroup?.folders ?? []).flatMap((folder) =>
      CounterFile.open(join(folder, "cpu.stat")) ?? []
    );
    this.#memoryEvents = openMemoryEvents(this.#memoryGroup);
    this.#cpuPressure = openPressure("cpu", this.#cpuGroup) ?? open("proc/pressure/cpu");
    this.#memoryPressure = openPressure("memory", this.#memoryGroup) ??
      open("proc/pressure/memory");
  }

  read(): MachineCounters {
    return {
      ...UNKNOWN,
      ...parseStat(this.#stat?.text() ?? ""),
      ...this.#readThrottling(),
      threadWaitMs: parseThreadWaitMs(this.#threadWait?.text() ?? ""),
      cpuPressureMs: parsePressureMs(this.#cpuPressure?.text() ?? ""),
      memoryPressureMs: parsePressureMs(this.#memoryPressure?.text() ?? ""),
      memoryLimitHits: this.#readMemoryLimitHits(),
      majorFaults: parseMajorFaults(this.#ownStat?.text() ?? ""),
    };
  }

  /** Time adds up over the groups; the periods are those of the group that was held back most. */
  #readThrottling(): Partial<MachineCounters> {
    let throttledMs: number | null = null;
    let cpuPeriods: number | null = null;
    let throttledPeriods: number | null = null;
    for (const file of this.#throttling) {
      const text = file.text();
      const ms = parseThrottledMs(this.#cpuGroup!.version, text);
      if (ms !== null) throttledMs = (throttledMs ?? 0) + ms;
      const periods = valueOf("nr_periods", text);
      const throttled = valueOf("nr_throttled", text);
      if (periods === null || throttled === null) continue;
      const isMore = throttled > (throttledPeriods ?? -1) ||
        (throttled === throttledPeriods && periods > cpuPeriods!);
      if (isMore) [cpuPeriods, throttledPeriods] = [periods, throttled];
    }
    return { throttledMs, cpuPeriods, throttledPeriods };
  }

  #readMemoryLimitHits(): number | null {
    const text = this.#memoryEvents?.text() ?? "";
    if (text === "") return null;
    if (this.#memoryGroup!.version === 1) return numberOrNull(text);
    const hits = ["high", "max"].map((name) => valueOf(name, text));
    return hits.every((hit) => hit === null)
      ? null
      : hits.reduce<number>((sum, hit) => sum + (hit ?? 0), 0);
  }

  [Symbol.dispose](): void {
    const files = [
      this.#stat,
      this.#ownStat,
      this.#threadWait,
      this.#cpuPressure,
      this.#memoryPressure,
      this.#memoryEvents,
      ...this.#throttling,
    ];
    for (const file of files) file?.close();
  }
}

/** Of the innermost group that has a limit, else of the own. */
function openMemoryEvents(group: OwnCgroup | null): CounterFile | null {
  if (group === null) return null;
  const limited = group.folders.find((folder) =>
    readMemoryLimitMib(group.version, folder) !== null
  );
  const name = group.version === 2 ? "memory.events" : "memory.failcnt";
  return CounterFile.open(join(limited ?? group.folders[0], name));
}

/** Only version 2 tells the pressure of a group. */
function openPressure(kind: "cpu" | "memory", group: OwnCgroup | null): CounterFile | null {
  return group?.version === 2 ? CounterFile.open(join(group.folders[0], `${kind}.pressure`)) : null;
}

/** The first line of `/proc/stat`: `cpu`, then user, nice, system, idle, … in ticks. */
function parseStat(text: string): Partial<MachineCounters> {
  const line = /^cpu +(.*)$/m.exec(text)?.[1];
  const ticks = line?.split(" ").slice(0, CPU_KINDS).map(Number) ?? [];
  // Kernels before 2.6.11 told no steal.
  if (ticks.length < CPU_KINDS || ticks.some(Number.isNaN)) return {};
  return {
    stolenMs: ticks[STEAL] * TICK_MS,
    coreMs: ticks.reduce((sum, one) => sum + one, 0) * TICK_MS,
  };
}

/** Nanoseconds in version 1, microseconds in version 2. */
function parseThrottledMs(version: 1 | 2, text: string): number | null {
  const [name, perMs] = version === 2 ? ["throttled_usec", 1e3] as const : ["throttled_time", 1e6];
  const value = valueOf(String(name), text);
  return value === null ? null : value / perMs;
}

/** `/proc/self/schedstat`: ns on a core, ns ready and waiting for one, slices. */
function parseThreadWaitMs(text: string): number | null {
  const fields = text.trim().split(" ");
  const waited = fields.length === 3 ? numberOrNull(fields[1]) : null;
  return waited === null ? null : waited / 1e6;
}

/** `some avg10=… total=<µs>`. */
function parsePressureMs(text: string): number | null {
  const total = /^some .*\btotal=(\d+)$/m.exec(text)?.[1];
  return total === undefined ? null : Number(total) / 1000;
}

function parseMajorFaults(text: string): number | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return text === "" ? null : numberOrNull(fields[MAJOR_FAULTS]);
}

/** The value behind a name in lines of `name value`. */
function valueOf(name: string, text: string): number | null {
  return numberOrNull(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

function numberOrNull(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === "" ? NaN : Number(text);
  return Number.isNaN(value) ? null : value;
}
