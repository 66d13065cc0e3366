import type { ColumnTable } from "../store/read/stored_table.ts";

/** The most that a group of processes used at once; `null` where unknown. */
export interface ProcessPeak {
  /** `loader`, `gateway` or `instances`. */
  readonly group: string;
  readonly processes: number | null;
  /** % of a core, whole group. */
  readonly cpuPercent: number | null;
  /** Resident memory of the whole group. */
  readonly memoryMib: number | null;
}

/**
 * Derives the peaks of the table `processes`, a row a group.
 *
 * @throws LoaderError `result` when the table is broken
 */
export function deriveProcessPeaks(table: ColumnTable): ProcessPeak[] {
  const group = table.texts("group");
  const processes = table.numbers("processes");
  const cpuPercent = table.numbers("cpu_percent");
  const memoryMib = table.numbers("memory_mib");
  const peakOf = (values: Float64Array, code: number): number | null => {
    let peak: number | null = null;
    for (let row = 0; row < table.rowCount; row++) {
      if (group.codes[row] !== code || Number.isNaN(values[row])) continue;
      if (peak === null || values[row] > peak) peak = values[row];
    }
    return peak;
  };
  return group.values.map((name, code) => ({
    group: name,
    processes: peakOf(processes, code),
    cpuPercent: peakOf(cpuPercent, code),
    memoryMib: peakOf(memoryMib, code),
  }));
}
