import { LoaderError } from "../../base/error.ts";
import { parseNumberCell } from "../../base/number_cell.ts";

const LINE_END = 0x0a;
const COMMA = 0x2c;
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** What is read at once; a row that is longer makes the buffer larger. */
const BLOCK_BYTES = 256 * 1024;

/** Most digits that are put together in a double without loss. */
const MOST_DIGITS = 15;

/**
 * Reads a CSV file row by row as it is, bytes and all, for whoever copies rows
 * and needs few of their cells. Memory is one block, or one row where that is
 * longer. A line end inside quotes does not end a row.
 *
 * @example
 * ```ts
 * import { RowReader } from "./row_reader.ts";
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, "time_ms,text\n1.5,\"two\nlines\"\n");
 * {
 *   using reader = new RowReader(path);
 *   if (!reader.next() || reader.numberAt(reader.columnOf("time_ms")) !== 1.5) throw new Error();
 *   if (reader.next()) throw new Error("there is one row");
 * }
 * Deno.removeSync(path);
 * ```
 */
export class RowReader implements Disposable {
  readonly path: string;
  /** The first row, with its line end. */
  readonly header: string;
  readonly #columns: readonly string[];
  readonly #file: Deno.FsFile;
  #block = new Uint8Array(BLOCK_BYTES);
  /** What of the block is filled. */
  #bytes = this.#block.subarray(0, 0);
  /** The row. */
  #start = 0;
  #end = 0;
  /** The first quote from the row's start on, as far as is known. */
  #quoteAt = Infinity;
  /** Rows so far, the header among them. */
  #row = 0;

  /** @throws LoaderError `result` when the file cannot be read or has no header */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = Deno.openSync(path);
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be read.", { file: path, cause });
    }
    try {
      if (!this.next()) throw new LoaderError("result", "The table is empty.", { file: path });
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.header = new TextDecoder().decode(this.bytes);
    this.#columns = this.header.trimEnd().split(",");
  }

  /** The row with its line end; valid until `next`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** @throws LoaderError `result` when there is no such column */
  columnOf(name: string): number {
    const column = this.#columns.indexOf(name);
    if (column >= 0) return column;
    throw new LoaderError("result", "The column is missing from the header of the table.", {
      file: this.path,
      line: 1,
      column: name,
    });
  }

  /**
   * Goes on to the next row; `false` when there is none.
   *
   * @throws LoaderError `result` when the file ends inside a row
   */
  next(): boolean {
    this.#start = this.#end;
    let from = this.#start;
    let isQuoted = false;
    if (this.#quoteAt < from) this.#findQuote(from);
    for (;;) {
      const lineEnd = this.#bytes.indexOf(LINE_END, from);
      const searchedTo = lineEnd < 0 ? this.#bytes.length : lineEnd;
      while (this.#quoteAt < searchedTo) {
        isQuoted = !isQuoted;
        this.#findQuote(this.#quoteAt + 1);
      }
      if (lineEnd < 0) {
        const searched = searchedTo - this.#start;
        if (!this.#fill()) {
          if (searched === 0) return false;
          throw new LoaderError("result", "The table ends inside a row; it is not whole.", {
            file: this.path,
            line: this.#row + 1,
          });
        }
        from = this.#start + searched;
        continue;
      }
      if (!isQuoted) {
        this.#end = lineEnd + 1;
        this.#row++;
        return true;
      }
      from = lineEnd + 1;
    }
  }

  /**
   * The number in a column of the row, such as a time, which is finite; NaN where the
   * cell is empty.
   *
   * @throws LoaderError `result` when it is none
   */
  numberAt(column: number): number {
    const bytes = this.#bytes;
    const start = this.#cellStart(column);
    let at = start;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    let digits = 0;
    let value = 0;
    let decimals = -1;
    for (;; at++) {
      const byte = bytes[at];
      if (byte === COMMA || byte === LINE_END) break;
      if (byte === POINT && decimals < 0) {
        decimals = 0;
        continue;
      }
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || ++digits > MOST_DIGITS) return this.#parseLong(start, column);
      value = 10 * value + digit;
      if (decimals >= 0) decimals++;
    }
    if (digits === 0) {
      if (at === start) return NaN;
      return this.#parseLong(start, column);
    }
    // Both are exact, so that the quotient is the nearest double, as JavaScript would read it.
    if (decimals > 0) value /= 10 ** decimals;
    return isNegative ? -value : value;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #cellStart(column: number): number {
    const bytes = this.#bytes;
    let at = this.#start;
    let isQuoted = false;
    for (let left = column; left > 0; at++) {
      if (at >= this.#end) throw this.#wrong(column, null);
      const byte = bytes[at];
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (byte === COMMA && !isQuoted) left--;
    }
    return at;
  }

  /** A number as it is seldom written. */
  #parseLong(start: number, column: number): number {
    let end = start;
    while (this.#bytes[end] !== COMMA && this.#bytes[end] !== LINE_END) end++;
    const text = new TextDecoder().decode(this.#bytes.subarray(start, end));
    const value = parseNumberCell(text);
    if (value === undefined || !Number.isFinite(value)) throw this.#wrong(column, text);
    return value;
  }

  #wrong(column: number, text: string | null): LoaderError {
    const found = text === null ? "the row ends before" : `found ${JSON.stringify(text)}`;
    return new LoaderError("result", `Expected a number, ${found}.`, {
      file: this.path,
      line: this.#row,
      column: this.#columns[column],
      value: text,
    });
  }

  #findQuote(from: number): void {
    const at = this.#bytes.indexOf(QUOTE, from);
    this.#quoteAt = at < 0 ? Infinity : at;
  }

  /** Moves the row that has begun to the front and reads on; `false` at the end. */
  #fill(): boolean {
    const kept = this.#bytes.length - this.#start;
    let block = this.#block;
    if (kept === block.length) block = new Uint8Array(2 * kept);
    block.set(this.#bytes.subarray(this.#start));
    let read: number | null;
    try {
      read = this.#file.readSync(block.subarray(kept));
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be read.", { file: this.path, cause });
    }
    this.#block = block;
    this.#bytes = block.subarray(0, kept + (read ?? 0));
    this.#start = 0;
    // Those before were counted.
    this.#findQuote(kept);
    return read !== null;
  }
}
