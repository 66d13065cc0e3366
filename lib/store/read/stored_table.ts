import { statIfPresent } from "../../base/file.ts";
import { LoaderError } from "../../base/error.ts";
import type { Column, Table } from "../../model/table.ts";
import { DistinctTexts, isSame } from "./distinct_texts.ts";
import {
  endOfCell,
  findCell,
  parseNumberAt,
  parseRow,
  readRowBlocks,
  type RowBlock,
} from "./row_block.ts";

/** A column of text: each distinct value once, and its position for every row. */
export interface TextColumn {
  /** Position in `values`, or −1 where the cell is unknown. */
  readonly codes: Int32Array;
  /** Distinct values in order of first appearance. */
  readonly values: readonly string[];
}

/** A result table in memory, column by column. */
export interface ColumnTable {
  readonly rowCount: number;
  /** A numeric or boolean column (1 and 0); NaN where the cell is unknown, may be infinite. */
  numbers(column: string): Float64Array;
  /** A text column. */
  texts(column: string): TextColumn;
  /** Where it was read from, and which row of that is its first, from 0: for errors. */
  readonly path?: string;
  readonly firstRow?: number;
}

const COMMA = 0x2c;

/** What is read at once of a table that is longer. */
const MOST_BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * A result table on disk. The file is read once, when something of it is first asked
 * for, and each column is decoded when it is; both are kept for as long as the table.
 *
 * A table that is missing or empty has no rows. A last line without its line end was
 * torn when the writer died and is left out. A broken cell is told when its column is
 * asked for.
 *
 * @example
 * ```ts
 * import { SCALES } from "../schema/tables.ts";
 * import { StoredTable } from "./stored_table.ts";
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, "time_ms,function_id,desired_scale,actual_scale\n5,f,2,\n");
 * const table = new StoredTable(path, SCALES);
 * if (table.numbers("desired_scale")[0] !== 2) throw new Error("as in the file");
 * if (!Number.isNaN(table.numbers("actual_scale")[0])) throw new Error("an empty cell");
 * Deno.removeSync(path);
 * ```
 */
export class StoredTable implements ColumnTable {
  readonly path: string;
  readonly #table: Table;
  readonly #numbers = new Map<string, Float64Array>();
  readonly #texts = new Map<string, TextColumn>();
  #rows: StoredRows | undefined;

  constructor(path: string, table: Table) {
    this.path = path;
    this.#table = table;
  }

  /** @throws LoaderError `result` when the file cannot be read */
  get rowCount(): number {
    return this.#read().count;
  }

  /** @throws LoaderError `result` when the column is missing or a cell of it is wrong */
  numbers(column: string): Float64Array {
    let numbers = this.#numbers.get(column);
    if (numbers === undefined) {
      const described = this.#describe(column);
      if (described.type === "text") throw new TypeError(`no numbers in ${column}`);
      numbers = this.#decodeNumbers(described);
      this.#numbers.set(column, numbers);
    }
    return numbers;
  }

  /** @throws LoaderError `result` when the column is missing or a cell of it is wrong */
  texts(column: string): TextColumn {
    let texts = this.#texts.get(column);
    if (texts === undefined) {
      const described = this.#describe(column);
      if (described.type !== "text") throw new TypeError(`no texts in ${column}`);
      texts = this.#decodeTexts(described);
      this.#texts.set(column, texts);
    }
    return texts;
  }

  #read(): StoredRows {
    return this.#rows ??= readRows(this.path);
  }

  #describe(name: string): Column {
    const column = this.#table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new TypeError(`table ${this.#table.name} has no ${name}`);
    return column;
  }

  #decodeNumbers(column: Column): Float64Array {
    const { count } = this.#read();
    const numbers = new Float64Array(count).fill(NaN);
    const isBoolean = column.type === "boolean";
    this.#eachCell(column, (row, bytes, at, end) => {
      const value = isBoolean ? parseBooleanAt(bytes, at, end) : parseNumberAt(bytes, at, end);
      if (value !== undefined) {
        numbers[row] = value;
        return;
      }
      const text = new TextDecoder().decode(bytes.subarray(at, endOfCell(bytes, at, end)));
      throw wrongCell(this.path, column, row, text, describeCellFault(column));
    });
    return numbers;
  }

  #decodeTexts(column: Column): TextColumn {
    const codes = new Int32Array(this.#read().count).fill(-1);
    const texts = new DistinctTexts();
    this.#eachCell(column, (row, bytes, at, end) => {
      const cellEnd = endOfCell(bytes, at, end);
      if (cellEnd === at) return;
      const code = texts.codeOf(bytes, at, cellEnd);
      if (code !== undefined) {
        codes[row] = code;
        return;
      }
      const text = new TextDecoder().decode(bytes.subarray(at, cellEnd));
      throw wrongCell(this.path, column, row, text, describeCellFault(column));
    });
    return { codes, values: texts.values };
  }

  /** Visits the cells of a column that are there: from where in which bytes, to where the row ends. */
  #eachCell(
    column: Column,
    visit: (row: number, bytes: Uint8Array, at: number, end: number) => void,
  ): void {
    const { header, blocks } = this.#read();
    if (blocks.length === 0) return;
    const position = header.indexOf(column.name);
    if (position < 0) {
      if (column.optional === true) return;
      throw missingColumn(this.path, column.name);
    }
    let row = 0;
    for (const { bytes, count, starts } of blocks) {
      for (let i = 0; i < count; i++, row++) {
        const end = starts[i + 1];
        const at = findCell(bytes, starts[i], end, position);
        if (at >= 0 && at < end) visit(row, bytes, at, end);
      }
    }
  }
}

/** The error of a table that lacks a column. */
export function missingColumn(file: string, column: string): LoaderError {
  return new LoaderError("result", "The column is missing from the header of the table.", {
    file,
    line: 1,
    column,
  });
}

/** What is wrong with a cell that does not fit its column; its text follows. */
export function describeCellFault({ type }: Column): string {
  if (type === "text") return "The table is not valid CSV: its quotes are wrong in";
  return `Expected ${type === "boolean" ? "true or false" : "a number"}, got`;
}

/** @param row from 0, without the header */
export function wrongCell(
  file: string,
  { name }: Column,
  row: number,
  text: string,
  sentence: string,
): LoaderError {
  return new LoaderError("result", `${sentence} ${JSON.stringify(text)}.`, {
    file,
    line: row + 2,
    column: name,
    value: text,
  });
}

/** The tables of a run's folder, each of which is read once. */
export class StoredTables {
  readonly #runPath: string;
  readonly #tables = new Map<Table, StoredTable>();

  constructor(runPath: string) {
    this.#runPath = runPath;
  }

  get(table: Table): StoredTable {
    let stored = this.#tables.get(table);
    if (stored === undefined) {
      stored = new StoredTable(`${this.#runPath}/${table.name}.csv`, table);
      this.#tables.set(table, stored);
    }
    return stored;
  }
}

/** The value of a cell of text; `null` where it is unknown. */
export function textAt({ codes, values }: TextColumn, row: number): string | null {
  return codes[row] < 0 ? null : values[codes[row]];
}

/** The rows of a file, without the header's. */
interface StoredRows {
  readonly header: readonly string[];
  readonly blocks: readonly RowBlock[];
  readonly count: number;
}

const NO_ROWS: StoredRows = { header: [], blocks: [], count: 0 };

function readRows(path: string): StoredRows {
  const size = statIfPresent(path)?.size ?? 0;
  if (size === 0) return NO_ROWS;
  // One byte more, so that a file that fits is read to its end at once.
  const blocks = [...readRowBlocks(path, Math.min(size + 1, MOST_BLOCK_BYTES))].map(leaveOutEmpty);
  const [first] = blocks;
  if (first === undefined) return NO_ROWS;
  const header = parseRow(first.bytes, first.starts[0], first.starts[1]);
  blocks[0] = { ...first, count: first.count - 1, starts: first.starts.subarray(1) };
  return { header, blocks, count: blocks.reduce((sum, { count }) => sum + count, 0) };
}

/** Without rows of nothing: they become a part of the row before, behind its line end. */
export function leaveOutEmpty({ bytes, count, starts }: RowBlock): RowBlock {
  const isThere = (start: number, i: number) =>
    i === count || endOfCell(bytes, start, starts[i + 1]) > start || bytes[start] === COMMA;
  if (starts.every(isThere)) return { bytes, count, starts };
  const kept = starts.filter(isThere);
  return { bytes, count: kept.length - 1, starts: kept };
}

const TRUE = new TextEncoder().encode("true");
const FALSE = new TextEncoder().encode("false");

/** 1 or 0; NaN where the cell is empty, `undefined` where it is neither. */
export function parseBooleanAt(bytes: Uint8Array, at: number, end: number): number | undefined {
  const cellEnd = endOfCell(bytes, at, end);
  if (cellEnd === at) return NaN;
  if (isSame(TRUE, bytes, at, cellEnd)) return 1;
  return isSame(FALSE, bytes, at, cellEnd) ? 0 : undefined;
}
