import type { ParquetFile } from "../parquet/parquet_file.ts";
import { CONSTANT_COLUMNS } from "./trace_frame.ts";
import type { DefectClass, RepairLog } from "../repair_log.ts";

const OTHER_COLUMN: DefectClass = {
  defect: "column that the normal form does not have",
  repair: "column ignored",
  severity: "harmless",
};

/** The index that pandas writes where rows were chosen or sorted. */
const PANDAS_INDEX = /^__index_level_\d+__$/;

/** Tells which columns are not read: a misspelt one would be missed in silence. */
export function ignoreOtherColumns(
  file: ParquetFile,
  read: readonly string[],
  repairs: RepairLog,
): void {
  const constant = CONSTANT_COLUMNS.map(({ name }) => name);
  for (const column of file.columns) {
    if (read.includes(column) || constant.includes(column) || PANDAS_INDEX.test(column)) continue;
    repairs.add(OTHER_COLUMN, { file: file.path, column, value: column });
  }
}
