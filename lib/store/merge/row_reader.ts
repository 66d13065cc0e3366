import { LoaderError } from "../../base/error.ts";
import {
  endOfCell,
  findCell,
  parseNumberAt,
  readRowBlocks,
  type RowBlock,
} from "../read/row_block.ts";

/** What is read at once. */
const BLOCK_BYTES = 256 * 1024;

const NO_ROWS: RowBlock = { bytes: new Uint8Array(), count: 0, starts: Uint32Array.of(0) };

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
  readonly #blocks: Generator<RowBlock, boolean>;
  #block = NO_ROWS;
  /** The row, by its position in the block. */
  #row = -1;
  /** Rows of earlier blocks, the header among them. */
  #rowsBefore = 0;

  /** @throws LoaderError `result` when the file cannot be read or has no header */
  constructor(path: string) {
    this.path = path;
    this.#blocks = readRowBlocks(path, BLOCK_BYTES);
    if (!this.next()) throw new LoaderError("result", "The table is empty.", { file: path });
    this.header = new TextDecoder().decode(this.bytes);
    this.#columns = this.header.trimEnd().split(",");
  }

  /** The row with its line end. */
  get bytes(): Uint8Array {
    return this.#block.bytes.subarray(this.#start, this.#end);
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
    if (++this.#row < this.#block.count) return true;
    this.#rowsBefore += this.#block.count;
    const { done, value } = this.#blocks.next();
    if (done !== true) {
      this.#block = value;
      this.#row = 0;
      return true;
    }
    this.#block = NO_ROWS;
    if (value !== true) return false;
    throw new LoaderError("result", "The table ends inside a row; it is not whole.", {
      file: this.path,
      line: this.#rowsBefore + 1,
    });
  }

  /**
   * The number in a column of the row, such as a time, which is finite; NaN where the
   * cell is empty.
   *
   * @throws LoaderError `result` when it is none
   */
  numberAt(column: number): number {
    const { bytes } = this.#block;
    const at = findCell(bytes, this.#start, this.#end, column);
    const value = at < 0 ? undefined : parseNumberAt(bytes, at, this.#end);
    if (value !== undefined && Math.abs(value) !== Infinity) return value;
    const text = at < 0
      ? null
      : new TextDecoder().decode(bytes.subarray(at, endOfCell(bytes, at, this.#end)));
    const found = text === null ? "the row ends before" : `found ${JSON.stringify(text)}`;
    throw new LoaderError("result", `Expected a number, ${found}.`, {
      file: this.path,
      line: this.#rowsBefore + this.#row + 1,
      column: this.#columns[column],
      value: text,
    });
  }

  [Symbol.dispose](): void {
    this.#blocks.return(false);
  }

  get #start(): number {
    return this.#block.starts[this.#row];
  }

  get #end(): number {
    return this.#block.starts[this.#row + 1];
  }
}
