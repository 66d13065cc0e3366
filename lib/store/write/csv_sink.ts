// @ts-types="@types/d3-dsv"
import { csvFormatValue } from "d3-dsv";
import { replaceFileBy } from "../../base/file.ts";
import { hideSecrets } from "../../base/secrets.ts";
import type { Cell, Column, Table, TableSink } from "../../model/table.ts";
import { AppendFile } from "./append_file.ts";
import { formatCsvDecimal, formatCsvExact, formatCsvNumber } from "./number_text.ts";

/** First line of a table's file. */
export function formatHeader(table: Table): string {
  return table.columns.map((column) => column.name).join(",") + "\n";
}

/**
 * One row as a line of CSV: `null` and NaN, which are unknown, an empty field,
 * numbers to three decimals, which for milliseconds are microseconds, in columns of type
 * `number` with at least one, of columns that are exact with all of them, infinity as
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
        if (!Number.isNaN(cell)) line += formatNumberCell(columns[i], cell);
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

function formatNumberCell({ type, isExact }: Column, value: number): string {
  if (isExact === true) return formatCsvExact(value);
  return type === "number" ? formatCsvDecimal(value) : formatCsvNumber(value);
}

/** Most bytes that UTF-8 takes for a UTF-16 code unit. */
const BYTES_PER_CHAR = 3;

/**
 * Writes a table of any shape to a CSV file. Rows are put together in memory, and
 * `flush`, which the run calls several times a second, lets them go to the
 * operating system in the background. A process that is killed loses what came
 * after the last flush.
 */
export class CsvSink implements TableSink {
  readonly #table: Table;
  readonly #file: AppendFile;
  #rows = 0;
  readonly #encoder = new TextEncoder();

  /** @throws LoaderError `result` when the file is there already or cannot be made */
  constructor(table: Table, path: string) {
    this.#table = table;
    this.#file = new AppendFile(path, formatHeader(table));
  }

  get blockingWrites(): number {
    return this.#file.blockingWrites;
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#rows;
  }

  write(row: readonly Cell[]): void {
    const line = formatRow(this.#table.columns, row);
    this.#rows++;
    const file = this.#file;
    file.reserve(line.length * BYTES_PER_CHAR);
    file.length += this.#encoder.encodeInto(line, file.buffer.subarray(file.length)).written;
  }

  /** See {@linkcode AppendFile.flush}. */
  flush(): void {
    this.#file.flush();
  }

  /** See {@linkcode AppendFile.close}. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Writes a table of a run that is derived from its others, in place of an earlier one: a
 * reader meets the old one or the whole new one. Without rows there is no table.
 *
 * @throws LoaderError `result` when it cannot be written
 */
export async function replaceTable(
  runPath: string,
  table: Table,
  rows: Iterable<readonly Cell[]>,
): Promise<void> {
  let count = 0;
  await replaceFileBy(`${runPath}/${table.name}.csv`, async (partialPath) => {
    const sink = new CsvSink(table, partialPath);
    try {
      for (const row of rows) sink.write(row);
    } finally {
      await sink.close();
    }
    count = sink.rows;
  });
  if (count === 0) Deno.removeSync(`${runPath}/${table.name}.csv`);
}
