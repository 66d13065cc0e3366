// @ts-types="@types/d3-dsv"
import { csvFormatValue } from "d3-dsv";
import { hideSecrets } from "../../base/secrets.ts";
import type { Cell, Column, Table } from "../../model/table.ts";
import { formatCsvNumber } from "./number_text.ts";

/** First line of a table's file. */
export function formatHeader(table: Table): string {
  return table.columns.map((column) => column.name).join(",") + "\n";
}

/**
 * One row as a line of CSV: `null` and NaN, which are unknown, an empty field,
 * numbers to three decimals, which for milliseconds are microseconds, infinity as
 * `Infinity`.
 */
export function formatRow(columns: readonly Column[], cells: readonly Cell[]): string {
  let line = "";
  for (let i = 0; i < columns.length; i++) {
    if (i > 0) line += ",";
    const cell = cells[i];
    if (cell === null || cell === undefined) continue;
    switch (typeof cell) {
      case "number":
        if (!Number.isNaN(cell)) line += formatCsvNumber(cell);
        break;
      case "boolean":
        line += cell;
        break;
      default:
        line += csvFormatValue(hideSecrets(cell));
    }
  }
  return line + "\n";
}
