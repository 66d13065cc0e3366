import type { Column, Table } from "../../model/table.ts";
import { INVOCATIONS } from "../schema/tables.ts";
import { DistinctTexts } from "./distinct_texts.ts";
import { endOfCell, parseNumberAt, parseRow, readRowBlocks, type RowBlock } from "./row_block.ts";
import { createInvocations, type StoredInvocations } from "./stored_invocations.ts";
import {
  describeCellFault,
  leaveOutEmpty,
  missingColumn,
  parseBooleanAt,
  wrongCell,
} from "./stored_table.ts";
import { statIfPresent } from "../../base/file.ts";

/** A column of the table `invocations`. */
export type InvocationColumn = typeof INVOCATIONS["columns"][number]["name"];

const BLOCK_BYTES = 1024 * 1024;

const COMMA = 0x2c;
const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Most digits that are put together in a double without loss. */
const MOST_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i);

/**
 * Reads `invocations.csv` of a run once, some ten thousand rows at a time, in memory that
 * does not grow with their number (but with that of distinct functions and instances, where
 * these are wanted). A batch, its columns among it, is valid until the next is asked for;
 * codes of texts mean the same in all of them.
 *
 * A table that is missing or empty has no rows. A last line without its line end was torn
 * when the writer died and is left out.
 *
 * @param wanted the columns that are read; others are unknown in every row
 * @throws LoaderError `result` when the table cannot be read, a column that is wanted is
 * missing, or a cell of it is wrong
 */
export function* readInvocationBatches(
  path: string,
  wanted: ReadonlySet<InvocationColumn>,
  blockBytes = BLOCK_BYTES,
): Generator<StoredInvocations> {
  if ((statIfPresent(path)?.size ?? 0) === 0) return;
  let decoder: BatchDecoder | undefined;
  for (const read of readRowBlocks(path, blockBytes, { reuse: true })) {
    let block = leaveOutEmpty(read);
    if (decoder === undefined) {
      if (block.count === 0) continue;
      const header = parseRow(block.bytes, block.starts[0], block.starts[1]);
      decoder = new BatchDecoder(path, header, wanted);
      block = { ...block, count: block.count - 1, starts: block.starts.subarray(1) };
    }
    if (block.count > 0) yield decoder.decode(block);
  }
}

/** What is done with the cells of a column. */
const SKIP = 0;
const NUMBER = 1;
const BOOLEAN = 2;
const TEXT = 3;

/** Decodes whole rows, all cells of a row in one go. */
class BatchDecoder {
  readonly #path: string;
  readonly #wanted: ReadonlySet<string>;
  /** By their place in a row; `undefined` where nobody wants it. */
  readonly #columns: readonly (Column | undefined)[];
  readonly #kinds: Uint8Array;
  /** Behind the last column that is wanted a row is not looked at. */
  readonly #width: number;
  readonly #places = new Map<string, number>();
  #numbers: Float64Array[] = [];
  #codes: Int32Array[] = [];
  readonly #texts: readonly DistinctTexts[];
  #room = 0;
  #rowsBefore = 0;
  /** Where the cell that was read last ends. */
  #end = 0;

  constructor(path: string, header: readonly string[], wanted: ReadonlySet<string>) {
    this.#path = path;
    this.#wanted = wanted;
    const table: Table = INVOCATIONS;
    for (const { name, optional } of table.columns) {
      if (wanted.has(name) && optional !== true && !header.includes(name)) {
        throw missingColumn(path, name);
      }
    }
    this.#columns = header.map((name) =>
      wanted.has(name) ? table.columns.find((column) => column.name === name) : undefined
    );
    this.#columns.forEach((column, place) => column && this.#places.set(column.name, place));
    this.#kinds = Uint8Array.from(this.#columns, (column) => {
      if (column === undefined) return SKIP;
      return column.type === "text" ? TEXT : column.type === "boolean" ? BOOLEAN : NUMBER;
    });
    this.#width = this.#kinds.findLastIndex((kind) => kind !== SKIP) + 1;
    this.#texts = this.#columns.map(() => new DistinctTexts());
  }

  decode(block: RowBlock): StoredInvocations {
    const { count } = block;
    if (count > this.#room) this.#makeRoom(count);
    this.#decodeRows(block);
    const firstRow = this.#rowsBefore;
    this.#rowsBefore += count;
    return createInvocations({
      rowCount: count,
      numbers: (column) => this.#take(column, this.#numbers) ?? new Float64Array(count).fill(NaN),
      texts: (column) => {
        const codes = this.#take(column, this.#codes) ?? new Int32Array(count).fill(-1);
        const { values } = this.#texts[this.#places.get(column) ?? 0];
        return { codes, values: this.#places.has(column) ? values : [] };
      },
      path: this.#path,
      firstRow,
    });
  }

  #take<T extends Float64Array | Int32Array>(name: string, columns: readonly T[]): T | undefined {
    if (!this.#wanted.has(name)) throw new TypeError(`${name} was not asked for`);
    const place = this.#places.get(name);
    return place === undefined ? undefined : columns[place];
  }

  #decodeRows({ bytes, count, starts }: RowBlock): void {
    const kinds = this.#kinds;
    const width = this.#width;
    for (let row = 0; row < count; row++) {
      let at = starts[row];
      const end = starts[row + 1];
      for (let place = 0; place < width; place++) {
        const kind = kinds[place];
        if (kind === NUMBER) {
          this.#numbers[place][row] = at < end ? this.#readNumber(bytes, at, end, row, place) : NaN;
        } else if (kind === SKIP) {
          this.#end = endOf(bytes, at, end);
        } else this.#readOther(bytes, at, end, row, place);
        at = at < end ? this.#end + 1 : end;
      }
    }
  }

  /** NaN, which is unknown, where the cell is empty. */
  #readNumber(bytes: Uint8Array, start: number, end: number, row: number, place: number): number {
    let at = start;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    let value = 0;
    let digits = 0;
    let digit = bytes[at] - ZERO;
    while (digit >= 0 && digit <= 9) {
      value = 10 * value + digit;
      digits++;
      digit = bytes[++at] - ZERO;
    }
    let decimals = 0;
    if (bytes[at] === POINT) {
      digit = bytes[++at] - ZERO;
      while (digit >= 0 && digit <= 9) {
        value = 10 * value + digit;
        decimals++;
        digit = bytes[++at] - ZERO;
      }
    }
    const byte = bytes[at];
    digits += decimals;
    if ((byte !== COMMA && byte !== LINE_END) || digits > MOST_DIGITS || digits === 0) {
      return this.#readRareNumber(bytes, start, end, row, place);
    }
    this.#end = at;
    // Both are exact, so that the quotient is the nearest double, as JavaScript would read it.
    if (decimals > 0) value /= POWERS_OF_TEN[decimals];
    return isNegative ? -value : value;
  }

  /** One that is empty, or written as numbers seldom are. */
  #readRareNumber(
    bytes: Uint8Array,
    at: number,
    end: number,
    row: number,
    place: number,
  ): number {
    this.#end = endOf(bytes, at, end);
    if (this.#end === at) return NaN;
    const value = parseNumberAt(bytes, at, end);
    if (value === undefined) throw this.#fault(bytes, at, row, place);
    return value;
  }

  #readOther(bytes: Uint8Array, at: number, end: number, row: number, place: number): void {
    const isText = this.#kinds[place] === TEXT;
    if (at >= end) {
      if (isText) this.#codes[place][row] = -1;
      else this.#numbers[place][row] = NaN;
      return;
    }
    const cellEnd = this.#end = endOf(bytes, at, end);
    const value = isText
      ? cellEnd === at ? -1 : this.#texts[place].codeOf(bytes, at, cellEnd)
      : parseBooleanAt(bytes, at, end);
    if (value === undefined) throw this.#fault(bytes, at, row, place);
    if (isText) this.#codes[place][row] = value;
    else this.#numbers[place][row] = value;
  }

  #fault(bytes: Uint8Array, at: number, row: number, place: number): Error {
    const column = this.#columns[place]!;
    const text = new TextDecoder().decode(bytes.subarray(at, this.#end));
    const line = this.#rowsBefore + row;
    return wrongCell(this.#path, column, line, text, describeCellFault(column));
  }

  #makeRoom(count: number): void {
    this.#room = Math.ceil(count * 1.25);
    this.#numbers = this.#columns.map(() => new Float64Array(0));
    this.#codes = this.#columns.map(() => new Int32Array(0));
    this.#columns.forEach((column, place) => {
      if (column === undefined) return;
      if (column.type === "text") this.#codes[place] = new Int32Array(this.#room);
      else this.#numbers[place] = new Float64Array(this.#room);
    });
  }
}

/** Where a cell ends, quotes included; as `endOfCell`, quick where there are none. */
function endOf(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === QUOTE) return endOfCell(bytes, start, end);
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte === COMMA || byte === LINE_END) return at;
    if (byte === CARRIAGE_RETURN || byte === QUOTE) return endOfCell(bytes, start, end);
    at++;
  }
  return end;
}
