import { type Info, parse } from "csv-parse";
import { pipeline } from "node:stream";
import { errorMessage, LoaderError } from "../base/error.ts";

/** A record of a CSV file. */
export interface CsvRow {
  /** One-based line of the file. */
  readonly line: number;
  /** The fields, as many as there are columns. */
  readonly cells: readonly string[];
}

/** A record of a file of a trace has at most this many characters: 1440 counts need some 20 KB. */
const MAX_RECORD_SIZE = 1 << 20;

/** How many names of columns or files an error message lists at most. */
const MAX_NAMES_LISTED = 20;

/**
 * A CSV file with a header, plain or gzip, read row by row so that it may be
 * larger than memory. Columns are found by name in any case. A byte order
 * mark, CRLF, blank lines and a missing newline at the end are tolerated.
 */
export class CsvTable implements AsyncDisposable {
  /** Path of the file. */
  readonly file: string;
  /** Names of the columns as the header has them. */
  readonly columns: readonly string[];
  readonly #records: AsyncGenerator<CsvRecord>;
  readonly #indices = new Map<string, number>();

  private constructor(
    file: string,
    columns: readonly string[],
    records: AsyncGenerator<CsvRecord>,
  ) {
    this.file = file;
    this.columns = columns;
    this.#records = records;
    for (const [index, name] of columns.entries()) {
      const key = name.toLowerCase();
      if (this.#indices.has(key)) {
        throw new LoaderError("input", "The column is there twice; remove one.", {
          file,
          line: 1,
          column: name,
        });
      }
      this.#indices.set(key, index);
    }
  }

  /**
   * Opens a file and reads its header. A name that ends in `.gz` is unpacked.
   *
   * @param onBytes sees every byte of the (unpacked) file, in order
   * @throws LoaderError `input` when it cannot be read, has no header or has a column twice
   */
  static async open(file: string, onBytes?: (bytes: Uint8Array) => void): Promise<CsvTable> {
    const records = readRecords(file, onBytes);
    try {
      const header = await records.next();
      if (header.done) {
        throw new LoaderError("input", "The file is empty; expected a header.", { file });
      }
      const columns = header.value.record.map((name) => name.trim());
      return new CsvTable(file, columns, records);
    } catch (error) {
      await records.return(undefined);
      throw error;
    }
  }

  /** Index of a column, or `undefined` where there is none of the name. */
  findColumn(name: string): number | undefined {
    return this.#indices.get(name.toLowerCase());
  }

  /**
   * Index of a column.
   *
   * @throws LoaderError `input` when there is none of the name
   */
  columnIndex(name: string): number {
    const index = this.findColumn(name);
    if (index === undefined) {
      throw new LoaderError(
        "input",
        `The column is missing; found ${listColumns(this.columns)}.`,
        { file: this.file, line: 1, column: name },
      );
    }
    return index;
  }

  /**
   * The rows after the header; they can be read once.
   *
   * @throws LoaderError `input` when the file breaks off or a row has another number of fields
   */
  async *rows(): AsyncGenerator<CsvRow> {
    for (;;) {
      const next = await this.#records.next();
      if (next.done) return;
      const { record, info } = next.value;
      if (record.length !== this.columns.length) {
        throw new LoaderError(
          "input",
          `Expected ${this.columns.length} fields as in the header, got ${record.length}.`,
          { file: this.file, line: info.lines, value: record.length },
        );
      }
      yield { line: info.lines, cells: record };
    }
  }

  /** Closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records.return(undefined);
  }
}

interface CsvRecord {
  readonly info: Info;
  readonly record: readonly string[];
}

async function* readRecords(
  file: string,
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<CsvRecord> {
  const parser = parse({
    bom: true,
    info: true,
    // Told here rather than found out from the first line: a file may mix them.
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_SIZE,
  });
  pipeline(readBytes(file, onBytes), parser, () => {
    // The error, if any, destroys the parser and so ends the loop below.
  });
  try {
    yield* parser as AsyncIterable<CsvRecord>;
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    throw new LoaderError("input", `The file is not valid CSV: ${errorMessage(error)}.`, {
      file,
      line: parser.info.lines,
      cause: error,
    });
  }
}

async function* readBytes(
  file: string,
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const gzip = file.endsWith(".gz");
  try {
    const { readable } = await Deno.open(file);
    const bytes = gzip ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
    for await (const chunk of bytes) {
      onBytes?.(chunk);
      yield chunk;
    }
  } catch (error) {
    throw new LoaderError(
      "input",
      `The file cannot be read${gzip ? " or unpacked" : ""}: ${errorMessage(error)}.`,
      { file, cause: error },
    );
  }
}

/** Column names for a message; runs of minutes are shortened to `1..1440`. */
function listColumns(columns: readonly string[]): string {
  const names = columns.filter((name) => !/^\d+$/.test(name));
  const minutes = columns.length - names.length;
  if (minutes > 0) names.push(`${minutes} numbered columns`);
  return listNames(names);
}

/** Names for a message, the first few of them, or `nothing`. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const rest = names.length - MAX_NAMES_LISTED;
  const shown = names.slice(0, MAX_NAMES_LISTED).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
