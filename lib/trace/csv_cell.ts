import { LoaderError } from "../base/error.ts";
import type { CsvRow, CsvTable } from "./csv_table.ts";

/** Counts are stored in 32 bits. */
export const MAX_COUNT = 0xffffffff;

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * A finite decimal number.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseNumberCell(table: CsvTable, row: CsvRow, column: number): number {
  const text = row.cells[column].trim();
  const value = Number(text);
  if (!DECIMAL.test(text) || !Number.isFinite(value)) {
    throw wrongCell(table, row, column, "a number");
  }
  return value;
}

/**
 * A number of invocations: a whole number from 0 to 2^32 − 1, also as `5.0`.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseCountCell(table: CsvTable, row: CsvRow, column: number): number {
  const text = row.cells[column];
  // Nearly every cell of a trace is one digit, and there are tens of millions.
  if (text.length === 1) {
    const digit = text.charCodeAt(0) - 48;
    if (digit >= 0 && digit <= 9) return digit;
  }
  const value = Number(text);
  if (!DECIMAL.test(text.trim()) || !Number.isInteger(value) || value < 0 || value > MAX_COUNT) {
    throw wrongCell(table, row, column, "a whole number from 0 to 4294967295");
  }
  return value;
}

/**
 * A name or hash, not empty.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseIdCell(table: CsvTable, row: CsvRow, column: number): string {
  const text = row.cells[column].trim();
  if (text === "") throw wrongCell(table, row, column, "a name or hash");
  return text;
}

function wrongCell(table: CsvTable, row: CsvRow, column: number, expected: string): LoaderError {
  const value = row.cells[column];
  return new LoaderError("input", `Expected ${expected}, got ${JSON.stringify(value)}.`, {
    file: table.file,
    line: row.line,
    column: table.columns[column],
    value,
  });
}
