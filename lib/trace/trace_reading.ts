import type { Hash } from "node:crypto";
import { LoaderError } from "../base/error.ts";
import { joinKey } from "../model/trace.ts";
import { parseIdCell } from "./csv_cell.ts";
import type { CsvRow, CsvTable } from "./csv_table.ts";
import type { DefectClass, RepairLog } from "./repair_log.ts";

/** What to do about a function that is in a file twice. */
export type DuplicatePolicy = "refuse" | "merge";

/** What the readers of the three files of a trace share. */
export interface TraceReading {
  /** Takes in every byte that is read. */
  readonly hash: Hash;
  readonly repairs: RepairLog;
  readonly duplicates: DuplicatePolicy;
}

/** Reads the identifying cells of a row as one key. */
export function parseKey(table: CsvTable, row: CsvRow, columns: readonly number[]): string {
  return joinKey(columns.map((column) => parseIdCell(table, row, column)));
}

/**
 * Counts a duplicate where duplicates are merged.
 *
 * @throws LoaderError `input` where they are not
 */
export function admitDuplicate(
  reading: TraceReading,
  duplicate: DefectClass,
  table: CsvTable,
  row: CsvRow,
  firstLine: number,
  key: string,
): void {
  const place = { file: table.file, line: row.line, value: key };
  if (reading.duplicates === "refuse") {
    throw new LoaderError(
      "input",
      `${key} is there already in line ${firstLine}; remove one, or allow duplicates to be merged ` +
        `with --duplicates merge (${duplicate.repair}).`,
      place,
    );
  }
  reading.repairs.add(duplicate, place);
}
