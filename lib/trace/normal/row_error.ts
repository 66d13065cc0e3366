import { LoaderError } from "../../base/error.ts";
import type { ParquetFile } from "../parquet/parquet_file.ts";

/** What is wrong with the name of a function, by its place: −1 where there is none, 0 where it is empty. */
export function wrongName(file: ParquetFile, row: number, place: number): LoaderError {
  const got = place < 0 ? "nothing (null)" : '""';
  return new LoaderError(
    "input",
    `Expected the name or number of a function, got ${got}; correct the row or leave it out.`,
    { file: file.path, line: row + 1, column: "function", value: got },
  );
}

/** What is wrong with a number in a row; `NaN` where there is none. */
export function wrongNumber(
  file: ParquetFile,
  row: number,
  column: string,
  value: number,
  expected: string,
): LoaderError {
  const got = Number.isNaN(value) ? "nothing (null or NaN)" : String(value);
  return new LoaderError(
    "input",
    `Expected ${expected}, got ${got}; correct the row or leave it out.`,
    { file: file.path, line: row + 1, column, value },
  );
}
