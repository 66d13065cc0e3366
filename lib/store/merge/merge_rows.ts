import { LoaderError } from "../../base/error.ts";
import { RowReader } from "./row_reader.ts";

/** A table that is being read, and the time of its row; infinite at its end. */
interface Source {
  readonly reader: RowReader;
  timeMs: number;
  rows: number;
}

/**
 * Joins tables of one shape, each in order of time, into one in order of time;
 * rows are copied byte for byte. Of rows of one instant, those of the table that
 * is named first come first. Memory is bounded, however long the tables are.
 *
 * @param paths tables to join
 * @param output a new file
 * @param timeColumns the time of a row is the first of these that is known, or
 * that of the row before it where that is later
 * @returns the rows of each table
 * @throws LoaderError `result` when a table is broken or differs in its columns,
 * or the output cannot be made
 *
 * @example
 * ```ts
 * import { mergeRows } from "./merge_rows.ts";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/a.csv`, "time_ms\n1\n3\n");
 * Deno.writeTextFileSync(`${folder}/b.csv`, "time_ms\n2\n");
 * mergeRows([`${folder}/a.csv`, `${folder}/b.csv`], `${folder}/both.csv`, ["time_ms"]);
 * const text = Deno.readTextFileSync(`${folder}/both.csv`);
 * if (text !== "time_ms\n1\n2\n3\n") throw new Error(text);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function mergeRows(
  paths: readonly string[],
  output: string,
  timeColumns: readonly string[],
): number[] {
  using readers = new DisposableStack();
  const sources = paths.map((path): Source => ({
    reader: readers.use(new RowReader(path)),
    timeMs: -Infinity,
    rows: 0,
  }));
  const [{ reader: first }] = sources;
  for (const { reader } of sources) {
    if (reader.header === first.header) continue;
    throw new LoaderError(
      "result",
      `The table has other columns than ${first.path}; merge what one version has made.`,
      { file: reader.path, line: 1 },
    );
  }
  const columns = timeColumns.map((name) => first.columnOf(name));
  const advance = (source: Source): void => {
    if (!source.reader.next()) {
      source.timeMs = Infinity;
      return;
    }
    source.rows++;
    // A table is in the order in which it was written; what is earlier for once waits for its turn.
    source.timeMs = Math.max(source.timeMs, timeOf(source.reader, columns));
  };
  using writer = new RowWriter(output);
  writer.write(new TextEncoder().encode(first.header));
  sources.forEach(advance);
  for (let next = earliest(sources); next.timeMs < Infinity; next = earliest(sources)) {
    writer.write(next.reader.bytes);
    advance(next);
  }
  writer.flush();
  return sources.map(({ rows }) => rows);
}

function timeOf(reader: RowReader, columns: readonly number[]): number {
  for (const column of columns) {
    const timeMs = reader.numberAt(column);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  return -Infinity;
}

function earliest(sources: readonly Source[]): Source {
  let first = sources[0];
  for (const source of sources) if (source.timeMs < first.timeMs) first = source;
  return first;
}

const BUFFER_BYTES = 256 * 1024;

/** Writes rows that are bytes already to a new file, a buffer at a time. */
class RowWriter implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  /** @throws LoaderError `result` when the file is there already or cannot be made */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, createNew: true });
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be made here; nothing is overwritten.", {
        file: path,
        cause,
      });
    }
  }

  /** @throws LoaderError `result` when rows cannot be written */
  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length > BUFFER_BYTES) return this.#writeAll(bytes);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Hands all rows so far to the operating system.
   *
   * @throws LoaderError `result` when they cannot be written
   */
  flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  /** Closes the file; rows since the last `flush` are lost. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
    } catch (cause) {
      throw new LoaderError(
        "result",
        "The table could not be written further; make room on the disk and try again.",
        { file: this.#path, cause },
      );
    }
  }
}
