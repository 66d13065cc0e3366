import { Buffer } from "node:buffer";
import { LoaderError } from "../../base/error.ts";
import { MAX_COUNT } from "../../model/slot_counts.ts";
import { joinKey } from "../../model/trace.ts";
import type { CsvScanner } from "./csv_scanner.ts";
import { parseDecimal, parsePlainDecimal } from "./decimal.ts";

const BLANK = 32;
const ZERO = 48;
const FIRST_BEYOND_ASCII = 0x80;

/** Where a cell stands, and what stands in it. */
export interface CellPlace {
  readonly file: string;
  readonly line: number;
  /** Name of the column. */
  readonly column: string;
  readonly value: string;
}

/**
 * The cells of the row at which a table stands. They are read where they stand
 * in the bytes of the file, so that a string is made of those alone that are
 * asked for as text. It is the same object for each row.
 */
export class CsvCells {
  readonly #file: string;
  readonly #columns: readonly string[];
  readonly #scanner: CsvScanner;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #buffer: Buffer;

  constructor(file: string, columns: readonly string[], scanner: CsvScanner) {
    this.#file = file;
    this.#columns = columns;
    this.#scanner = scanner;
    this.#buffer = Buffer.from(scanner.bytes.buffer);
  }

  /** One-based line of the file on which the row begins. */
  get line(): number {
    return this.#scanner.line;
  }

  /** Number of cells. */
  get length(): number {
    return this.#scanner.cells;
  }

  /** Bytes in which the cells stand, at {@linkcode CsvCells.start} to {@linkcode CsvCells.end}. */
  get bytes(): Uint8Array {
    return this.#scanner.bytes;
  }

  /** Where a cell begins, blanks before it left out. */
  start(column: number): number {
    const { bytes, starts, ends } = this.#scanner;
    let start = starts[column];
    while (bytes[start] <= BLANK && start < ends[column]) start++;
    return start;
  }

  /** Where a cell ends, blanks after it left out. */
  end(column: number): number {
    const { bytes, starts, ends } = this.#scanner;
    let end = ends[column];
    while (bytes[end - 1] <= BLANK && end > starts[column]) end--;
    return end;
  }

  /** A cell as it stands there. */
  text(column: number): string {
    return this.#decode(this.#scanner.starts[column], this.#scanner.ends[column]);
  }

  /** True if nothing stands in a cell but blanks. */
  isEmpty(column: number): boolean {
    return this.start(column) === this.#scanner.ends[column];
  }

  /**
   * A name or hash, not empty.
   *
   * @throws LoaderError `input` with the place of the cell
   */
  id(column: number): string {
    const [start, end] = [this.start(column), this.end(column)];
    if (start === end) throw this.wrong(column, ID);
    return this.#decode(start, end);
  }

  /** Names or hashes as one key, as {@linkcode joinKey} makes it. */
  key(columns: readonly number[]): string {
    return joinKey(columns.map((column) => this.id(column)));
  }

  /**
   * A finite decimal number, also as `12.0` or `1e3`.
   *
   * @throws LoaderError `input` with the place of the cell
   */
  number(column: number): number {
    const { bytes, starts, ends } = this.#scanner;
    let value = parsePlainDecimal(bytes, starts[column], ends[column]);
    if (Number.isNaN(value)) value = parseDecimal(this.text(column));
    if (Number.isNaN(value)) throw this.wrong(column, NUMBER);
    return value;
  }

  /**
   * A number of invocations: a whole number from 0 to 2^32 − 1, also as `5.0`.
   *
   * @throws LoaderError `input` with the place of the cell
   */
  count(column: number): number {
    const { bytes, starts, ends } = this.#scanner;
    const [start, end] = [starts[column], ends[column]];
    // Nearly every cell of a trace is one digit.
    if (end - start === 1) {
      const digit = bytes[start] - ZERO;
      if (digit >= 0 && digit <= 9) return digit;
    }
    let value = parsePlainDecimal(bytes, start, end);
    if (Number.isNaN(value)) value = parseDecimal(this.text(column));
    if (!isCount(value)) throw this.wrong(column, COUNT);
    return value;
  }

  #decode(start: number, end: number): string {
    const { bytes } = this.#scanner;
    if (this.#buffer.buffer !== bytes.buffer) this.#buffer = Buffer.from(bytes.buffer);
    for (let at = start; at < end; at++) {
      if (bytes[at] >= FIRST_BEYOND_ASCII) return this.#decoder.decode(bytes.subarray(start, end));
    }
    return this.#buffer.toString("latin1", start, end);
  }

  /** The error for a cell with something else than is expected, such as `a number`. */
  wrong(column: number, expected: string): LoaderError {
    return wrongCell({
      file: this.#file,
      line: this.line,
      column: this.#columns[column],
      value: this.text(column),
    }, expected);
  }
}

/** What a cell is expected to hold, for messages. */
export const ID = "a name or hash";
export const NUMBER = "a number";
export const COUNT = `a whole number from 0 to ${MAX_COUNT}`;

/** True for a number of invocations that can be stored. */
export function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

/** Perhaps a number with separators of thousands; whether `1,234` is one, or 1.234, nobody can tell. */
const SEPARATED = /^\s*[+-]?\d{1,3}([,' \u00a0\u202f_]\d{3})+(\.\d+)?\s*$/;

/** The error for a cell with something else than is expected. */
export function wrongCell(place: CellPlace, expected: string): LoaderError {
  const { value } = place;
  const remedy = SEPARATED.test(value) ? "; write numbers without separators of thousands" : "";
  return new LoaderError(
    "input",
    `Expected ${expected}, got ${JSON.stringify(value)}${remedy}.`,
    place,
  );
}
