import { LoaderError } from "../../base/error.ts";

const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Most digits that are put together in a double without loss. */
const MOST_DIGITS = 15;

/** Some whole rows of a CSV file, bytes and all. */
export interface RowBlock {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Where each row starts, and at `count` where the last one ends. */
  readonly starts: Uint32Array;
}

/**
 * Reads a CSV file as blocks of whole rows, the header's among them, each with its line
 * end. A line end inside quotes does not end a row. A row that is longer than a block
 * makes a longer block.
 *
 * @param blockBytes what is read at once
 * @param reuse true: a block is valid until the next is asked for, which takes its memory
 * @returns whether the file ends inside a row; that one is left out
 * @throws LoaderError `result` when the file cannot be read
 */
export function* readRowBlocks(
  path: string,
  blockBytes: number,
  { reuse = false }: { readonly reuse?: boolean } = {},
): Generator<RowBlock, boolean> {
  try {
    using file = Deno.openSync(path);
    let block = new Uint8Array(blockBytes);
    /** What of the block is filled. */
    let length = 0;
    for (;;) {
      const read = file.readSync(block.subarray(length));
      if (read === null) return length > 0;
      length += read;
      const bytes = block.subarray(0, length);
      const starts = findRows(bytes);
      const end = starts[starts.length - 1];
      const rest = bytes.subarray(end);
      if (end > 0) {
        yield { bytes: bytes.subarray(0, end), count: starts.length - 1, starts };
        if (reuse && 2 * rest.length <= block.length) block.copyWithin(0, end, length);
        else {
          block = new Uint8Array(Math.max(blockBytes, 2 * rest.length));
          block.set(rest);
        }
      } else if (length === block.length) {
        block = new Uint8Array(2 * length);
        block.set(rest);
      }
      length = rest.length;
    }
  } catch (cause) {
    throw new LoaderError("result", "The table cannot be read.", { file: path, cause });
  }
}

/** What is read at once of a file of which only the header is asked for. */
const HEADER_BYTES = 16 * 1024;

/**
 * The names of the columns of a CSV file; none where it is empty.
 *
 * @throws LoaderError `result` when the file cannot be read
 */
export function readHeader(path: string): string[] {
  const blocks = readRowBlocks(path, HEADER_BYTES);
  const { value } = blocks.next();
  blocks.return(false);
  return typeof value === "boolean" ? [] : parseRow(value.bytes, value.starts[0], value.starts[1]);
}

/** The texts of the cells of a row. */
export function parseRow(bytes: Uint8Array, start: number, end: number): string[] {
  const cells: string[] = [];
  for (let at = start; at < end;) {
    const cellEnd = endOfCell(bytes, at, end);
    cells.push(parseTextCell(bytes, at, cellEnd) ?? "");
    at = cellEnd + 1;
  }
  return cells;
}

/** Where rows start, from the first on, and where the last whole one ends. */
function findRows(bytes: Uint8Array): Uint32Array {
  let starts = new Uint32Array(1024);
  let count = 1;
  let quoteAt = indexOrEnd(bytes, QUOTE, 0);
  let isQuoted = false;
  for (let from = 0;;) {
    const lineEnd = bytes.indexOf(LINE_END, from);
    if (lineEnd < 0) return starts.slice(0, count);
    while (quoteAt < lineEnd) {
      isQuoted = !isQuoted;
      quoteAt = indexOrEnd(bytes, QUOTE, quoteAt + 1);
    }
    from = lineEnd + 1;
    if (isQuoted) continue;
    if (count === starts.length) {
      const more = new Uint32Array(4 * count);
      more.set(starts);
      starts = more;
    }
    starts[count++] = from;
  }
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? Infinity : at;
}

/** Where a cell of a row starts; −1 where the row ends before. */
export function findCell(bytes: Uint8Array, start: number, end: number, column: number): number {
  let at = start;
  let isQuoted = false;
  for (let left = column; left > 0; at++) {
    if (at >= end) return -1;
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (byte === COMMA && !isQuoted) left--;
  }
  return at;
}

/** Where a cell that starts at `at` ends, quotes included. */
export function endOfCell(bytes: Uint8Array, at: number, end: number): number {
  let isQuoted = false;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (byte === COMMA || byte === LINE_END) return at;
    else if (byte === CARRIAGE_RETURN && bytes[at + 1] === LINE_END) return at;
  }
  return end;
}

/** The text of a cell between two places; `undefined` where its quotes are no quotes of CSV. */
export function parseTextCell(bytes: Uint8Array, start: number, end: number): string | undefined {
  const text = new TextDecoder().decode(bytes.subarray(start, end));
  if (!text.includes('"')) return text;
  return /^"(?:[^"]|"")*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : undefined;
}

/**
 * The number in a cell that starts at `at`; NaN, which is unknown, where it is empty,
 * `undefined` where it is none.
 */
export function parseNumberAt(bytes: Uint8Array, at: number, end: number): number | undefined {
  const start = at;
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
    // As numbers are seldom written, and where the row ends.
    if (!(digit >= 0 && digit <= 9) || ++digits > MOST_DIGITS) {
      return parseNumberCell(parseTextCell(bytes, start, endOfCell(bytes, start, end)) ?? '"');
    }
    value = 10 * value + digit;
    if (decimals >= 0) decimals++;
  }
  if (digits === 0) return at === start ? NaN : undefined;
  // Both are exact, so that the quotient is the nearest double, as JavaScript would read it.
  if (decimals > 0) value /= 10 ** decimals;
  return isNegative ? -value : value;
}

/**
 * The number in a cell of a result table: NaN, which is unknown, where it is
 * empty; infinity as JavaScript, pandas and R write it. `undefined` where it is no
 * number.
 *
 * @example
 * ```ts
 * import { parseNumberCell } from "./row_block.ts";
 * if (parseNumberCell("-1.5") !== -1.5 || parseNumberCell("Infinity") !== Infinity) throw new Error();
 * if (!Number.isNaN(parseNumberCell("")) || parseNumberCell(" ") !== undefined) throw new Error();
 * ```
 */
export function parseNumberCell(text: string): number | undefined {
  if (text === "") return NaN;
  const value = Number(text);
  // Blanks are 0 to JavaScript.
  if (Number.isNaN(value) || (value === 0 && !text.includes("0"))) return undefined;
  return value;
}
