import { join } from "node:path";
import { SCALES } from "../store/schema/tables.ts";
import { readCsvTable, type TextColumn } from "../store/read/stored_table.ts";

/** Observations of the scales of functions in order of time; NaN where unknown. */
export interface ScaleTable {
  readonly count: number;
  readonly timeMs: Float64Array;
  readonly functionId: TextColumn;
  readonly desiredScale: Float64Array;
  readonly actualScale: Float64Array;
}

/**
 * Reads `scales.csv` of a run's folder; without one there are no rows.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readScales(runPath: string): Promise<ScaleTable> {
  const table = await readCsvTable(join(runPath, `${SCALES.name}.csv`), SCALES, [
    "time_ms",
    "function_id",
    "desired_scale",
    "actual_scale",
  ]);
  return {
    count: table.rowCount,
    timeMs: table.numbers("time_ms"),
    functionId: table.texts("function_id"),
    desiredScale: table.numbers("desired_scale"),
    actualScale: table.numbers("actual_scale"),
  };
}

/**
 * When a function's actual scale was seen to have changed from 0 to more, since
 * run start, ascending: In-Vitro's cold start, which is neither an instance
 * start nor a cold invocation. `null` where no scale was ever seen.
 */
export function deriveScaleUpsFromZeroMs(scales: ScaleTable): Float64Array | null {
  const { timeMs, functionId, actualScale } = scales;
  if (actualScale.every((scale) => Number.isNaN(scale))) return null;
  const last = new Map<number, number>();
  const changesMs: number[] = [];
  for (let row = 0; row < scales.count; row++) {
    const scale = actualScale[row];
    // A scrape that failed says nothing, so the scale before it still holds.
    if (Number.isNaN(scale)) continue;
    const code = functionId.codes[row];
    if (timeMs[row] >= 0 && last.get(code) === 0 && scale > 0) changesMs.push(timeMs[row]);
    last.set(code, scale);
  }
  return Float64Array.from(changesMs).sort();
}
