import type { Cell, Table, TableSink } from "../../model/table.ts";
import { AppendFile } from "./append_file.ts";
import { formatHeader, formatRow } from "./csv_row.ts";

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
  readonly #encoder = new TextEncoder();

  /** @throws LoaderError `result` when the file is there already or cannot be made */
  constructor(table: Table, path: string) {
    this.#table = table;
    this.#file = new AppendFile(path, formatHeader(table));
  }

  get blockingWrites(): number {
    return this.#file.blockingWrites;
  }

  write(row: readonly Cell[]): void {
    const line = formatRow(this.#table.columns, row);
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
