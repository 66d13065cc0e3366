import type { LoaderError } from "../../base/error.ts";
import { MAX_COUNT } from "../../model/slot_counts.ts";
import type { ColumnRequest, ParquetFile } from "../parquet/parquet_file.ts";
import type { RepairLog } from "../repair_log.ts";
import type { CountsCollector } from "./counts_collector.ts";
import { MAX_SLOTS } from "./metadata.ts";
import { ignoreOtherColumns } from "./other_columns.ts";
import { wrongName, wrongNumber } from "./row_error.ts";

const COLUMNS: readonly ColumnRequest[] = [
  { name: "function", use: "name" },
  { name: "slot", use: "number" },
  { name: "invocations", use: "number" },
];

/**
 * Reads `counts.parquet`: a row for a function and a slot, in any order.
 *
 * @param counts takes them, functions by the places of their names
 * @param order takes the functions in the order of their first rows
 * @throws LoaderError `input` when something in it is wrong
 */
export async function readCounts(
  file: ParquetFile,
  counts: CountsCollector,
  order: Set<number>,
  repairs: RepairLog,
): Promise<void> {
  ignoreOtherColumns(file, COLUMNS.map(({ name }) => name), repairs);
  let last = -1;
  for await (const { firstRow, rows, columns } of file.read(COLUMNS)) {
    const [functions, slots, invocations] = columns;
    for (let i = 0; i < rows; i++) {
      const place = functions[i];
      const slot = slots[i];
      const count = invocations[i];
      // Both are in 32 bits, and the comparisons also fail for what is no number.
      if (slot >>> 0 !== slot || slot >= MAX_SLOTS) {
        throw wrongCount(file, firstRow + i, "slot", slot, MAX_SLOTS - 1);
      }
      if (count >>> 0 !== count) {
        throw wrongCount(file, firstRow + i, "invocations", count, MAX_COUNT);
      }
      if (place !== last) {
        if (place <= 0) throw wrongName(file, firstRow + i, place);
        order.add(place);
        last = place;
      }
      counts.add(place, slot, count);
    }
  }
}

function wrongCount(
  file: ParquetFile,
  row: number,
  column: string,
  value: number,
  most: number,
): LoaderError {
  return wrongNumber(file, row, column, value, `a whole number from 0 to ${most}`);
}
