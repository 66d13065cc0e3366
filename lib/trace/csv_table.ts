import { type Info, parse } from "csv-parse";
import { Buffer } from "node:buffer";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorMessage, LoaderError } from "../base/error.ts";
import { MAX_COUNT } from "../model/slot_counts.ts";
import { joinKey } from "../model/trace.ts";
import { recogniseContent, TELLING_BYTES } from "./file_content.ts";

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
 * A CSV file with a header, plain or gzip (of one member or several), read row
 * by row so that it may be larger than memory. Columns are found by name in any
 * case. A byte order mark, CRLF or CR, blank lines, rows of blank cells and a
 * missing newline at the end are tolerated.
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
      // The index that pandas writes has no name, and nobody asks for it.
      if (name === "") continue;
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
   * Opens a file and reads its header. What is packed is unpacked, whatever its name.
   *
   * @param onBytes sees every byte of the (unpacked) file, in order
   * @throws LoaderError `input` when it cannot be read, is no CSV, has no header or has a column
   *   twice
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
        `The column is missing; found ${listColumns(this.columns)}${this.#hintSeparator()}.`,
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

  #hintSeparator(): string {
    const [only, ...others] = this.columns;
    if (others.length > 0) return "";
    const separator = [[";", "semicolons"], ["\t", "tabs"], ["|", "bars"]].find(([character]) =>
      only.includes(character)
    );
    return separator === undefined ? "" : ` (separated by ${separator[1]}; write commas)`;
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
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_SIZE,
  });
  pipeline(readBytes(file, onBytes), parser, () => {
    // The error, if any, destroys the parser and so ends the loop below.
  });
  try {
    for await (const record of parser as AsyncIterable<CsvRecord>) {
      if (!isBlank(record.record)) yield record;
    }
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    throw new LoaderError("input", `The file is not valid CSV: ${errorMessage(error)}.`, {
      file,
      line: parser.info.lines,
      cause: error,
    });
  }
}

/** A line of blanks, or the empty row of a spreadsheet. */
function isBlank(cells: readonly string[]): boolean {
  // Nearly every row begins with a name.
  return cells[0].trim() === "" && cells.every((cell) => cell.trim() === "");
}

async function* readBytes(
  file: string,
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let isPacked = file.endsWith(".gz");
  try {
    const { readable } = await Deno.open(file);
    const chunks = readable[Symbol.asyncIterator]();
    try {
      const head = await readHead(chunks);
      const content = recogniseContent(head);
      if (content.kind === "foreign") throw new LoaderError("input", content.sentence, { file });
      if (content.kind === "text" && isPacked && head.length > 0) {
        throw new LoaderError(
          "input",
          "The file cannot be read or unpacked: it is not packed with gzip, though its name says " +
            "so; rename it.",
          { file },
        );
      }
      isPacked = content.kind === "gzip";
      const packed = follow(head, chunks);
      for await (const chunk of isPacked ? unpack(packed) : packed) {
        onBytes?.(chunk);
        yield chunk;
      }
    } finally {
      await chunks.return?.();
    }
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    throw new LoaderError(
      "input",
      `The file cannot be read${isPacked ? " or unpacked" : ""}: ${errorMessage(error)}.`,
      { file, cause: error },
    );
  }
}

/** The first bytes, more of them where they came together. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  while (head.length < TELLING_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    head = head.length === 0 ? next.value.slice() : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* follow(
  head: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/** Takes what several runs of gzip have written one after the other, as `DecompressionStream` does not. */
async function* unpack(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacked = pipeline(Readable.from(packed), createGunzip(), () => {
    // The error, if any, destroys the stream and so ends the loop below.
  });
  yield* unpacked as AsyncIterable<Uint8Array>;
}

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

/** The identifying cells of a row as one key. */
export function parseKeyCells(table: CsvTable, row: CsvRow, columns: readonly number[]): string {
  return joinKey(columns.map((column) => parseIdCell(table, row, column)));
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

/** Column names for a message, those of minutes shortened to their number. */
export function listColumns(columns: readonly string[]): string {
  const names = columns.filter((name) => !/^(\d+|minute_\d+|\d+_minute)$/i.test(name))
    .map((name) => name === "" ? "one without a name" : name);
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
