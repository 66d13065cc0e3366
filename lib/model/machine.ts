/**
 * What the machine has done so far to the programs on it, among them the loader;
 * each only grows. `null` where the system does not tell.
 */
export interface MachineCounters {
  /** CPU time that the hypervisor gave to others, ms summed over the cores. */
  readonly stolenMs: number | null;
  /** CPU time of all kinds that has passed, stolen and idle included, ms summed over the cores. */
  readonly coreMs: number | null;
  /** Time for which the loader's cgroup was held back at its CPU limit, ms summed over the cores. */
  readonly throttledMs: number | null;
  /** Periods of its CPU limit in which it wanted to run, and those in which it was held back. */
  readonly cpuPeriods: number | null;
  readonly throttledPeriods: number | null;
  /** Time for which the loader's main thread was ready to run and had no core, ms. */
  readonly threadWaitMs: number | null;
  /** Time for which some task waited for a core (PSI), ms. */
  readonly cpuPressureMs: number | null;
  /** Time for which some task waited for memory (PSI), ms. */
  readonly memoryPressureMs: number | null;
  /** How often the loader's cgroup met its limit of memory. */
  readonly memoryLimitHits: number | null;
  /** Pages of the loader that were read from a disk. */
  readonly majorFaults: number | null;
}

/** Where the counters are read. */
export interface MachineGauge {
  readonly limits: MachineLimits;
  /** Takes some microseconds. */
  read(): MachineCounters;
}

/** How the limits of its container bound the loader; `null`: by none. */
export interface MachineLimits {
  readonly cpuCores: number | null;
  readonly memoryMib: number | null;
}
