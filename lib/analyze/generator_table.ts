import { join } from "node:path";
import { GENERATOR } from "../model/table.ts";
import { readCsvTable } from "./csv_table.ts";

/** What the generator did, second by second; NaN where unknown. */
export interface GeneratorTable {
  readonly count: number;
  readonly timeMs: Float64Array;
  readonly loopDelayMaxMs: Float64Array;
  readonly cpuPercent: Float64Array;
}

/**
 * Reads `generator.csv` of a run's folder; without one there are no rows.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readGenerator(runPath: string): Promise<GeneratorTable> {
  const table = await readCsvTable(join(runPath, `${GENERATOR.name}.csv`), GENERATOR, [
    "time_ms",
    "loop_delay_max_ms",
    "cpu_percent",
  ]);
  return {
    count: table.rowCount,
    timeMs: table.numbers("time_ms"),
    loopDelayMaxMs: table.numbers("loop_delay_max_ms"),
    cpuPercent: table.numbers("cpu_percent"),
  };
}
