import { LoaderError } from "../base/error.ts";
import type { Cell, Table, TableSink } from "../model/table.ts";
import { formatHeader, formatRow } from "./csv_row.ts";

/** Text that waits to be written is never more than this; then it is written at once. */
const BUFFER_CHARS = 1 << 20;

/**
 * Writes a table to a CSV file: rows are put together in memory, and `flush`,
 * which the run calls several times a second, hands them to the operating
 * system. A process that is killed loses what came after the last flush.
 */
export class CsvSink implements TableSink, Disposable {
  readonly #table: Table;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #buffer: string;

  /** @throws LoaderError `result` when the file is there already or cannot be made */
  constructor(table: Table, path: string) {
    this.#table = table;
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, createNew: true });
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be made here; nothing is overwritten.", {
        file: path,
        cause,
      });
    }
    this.#buffer = formatHeader(table);
    this.flush();
  }

  write(row: readonly Cell[]): void {
    this.#buffer += formatRow(this.#table.columns, row);
    if (this.#buffer.length > BUFFER_CHARS) this.flush();
  }

  /** Writes what is buffered. */
  flush(): void {
    if (this.#buffer === "") return;
    const bytes = this.#encoder.encode(this.#buffer);
    this.#buffer = "";
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
    } catch (cause) {
      throw new LoaderError(
        "result",
        "The table could not be written further; make room on the disk and run again.",
        { file: this.#path, cause },
      );
    }
  }

  [Symbol.dispose](): void {
    try {
      this.flush();
    } finally {
      this.#file.close();
    }
  }
}
