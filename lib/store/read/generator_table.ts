import { join } from "node:path";
import { GENERATOR } from "../schema/tables.ts";
import { readCsvTable } from "./stored_table.ts";

/** What the generator did, second by second; NaN where unknown. */
export interface GeneratorTable {
  readonly count: number;
  readonly timeMs: Float64Array;
  /** 1 where the verdict judges the second; runs of earlier versions did not tell: all of them. */
  readonly measured: Uint8Array;
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
  ], ["phase"]);
  const phase = table.texts("phase");
  return {
    count: table.rowCount,
    timeMs: table.numbers("time_ms"),
    measured: Uint8Array.from(
      phase.codes,
      (code) => code < 0 || phase.values[code] === "measurement" ? 1 : 0,
    ),
    loopDelayMaxMs: table.numbers("loop_delay_max_ms"),
    cpuPercent: table.numbers("cpu_percent"),
  };
}
