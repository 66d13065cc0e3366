import { parse } from "csv-parse";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { LoaderError } from "../../base/error.ts";
import { parseNumberCell } from "../../base/number_cell.ts";
import type { Column, Table } from "../../model/table.ts";

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
}

/**
 * Reads chosen columns of a result table back from CSV, as a stream.
 *
 * A table that is missing or empty has no rows. A last line without its line
 * end was torn when the writer died and is left out.
 *
 * @param path file to read
 * @param table what the file holds
 * @param columnNames columns to keep; others are skipped
 * @param newColumnNames columns to keep that older files lack: unknown there
 * @throws LoaderError `result` when a column is missing or a cell is wrong
 */
export async function readCsvTable(
  path: string,
  table: Table,
  columnNames: readonly string[],
  newColumnNames: readonly string[] = [],
): Promise<ColumnTable> {
  const builders = [...columnNames, ...newColumnNames].map((name) =>
    createBuilder(path, describedColumn(table, name))
  );
  const ending = await readEnding(path);
  if (ending !== "absent") {
    await fillBuilders(path, builders, new Set(newColumnNames), ending === "torn");
  }
  const rowCount = builders.length === 0 ? 0 : builders[0].count;
  const byName = new Map(builders.map((builder) => [builder.column.name, builder]));
  return {
    rowCount,
    numbers(column) {
      const builder = byName.get(column);
      if (!(builder instanceof NumberBuilder)) throw new TypeError(`no numbers in ${column}`);
      return builder.finish();
    },
    texts(column) {
      const builder = byName.get(column);
      if (!(builder instanceof TextBuilder)) throw new TypeError(`no texts in ${column}`);
      return builder.finish();
    },
  };
}

function describedColumn(table: Table, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new TypeError(`table ${table.name} has no column ${name}`);
  return column;
}

async function readEnding(path: string): Promise<"absent" | "whole" | "torn"> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size === 0) return "absent";
    const { buffer } = await file.read(new Uint8Array(1), 0, 1, size - 1);
    return buffer[0] === 0x0a ? "whole" : "torn";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "absent";
    throw new LoaderError("result", "The table cannot be read.", { file: path, cause: error });
  }
}

function fillBuilders(
  path: string,
  builders: readonly Builder[],
  newColumnNames: ReadonlySet<string>,
  torn: boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const parser = parse({ relax_column_count: true, skip_empty_lines: true });
  const source = createReadStream(path);
  let positions: number[] | undefined;
  // A row is taken in when the next one shows that it is whole.
  let pending: readonly string[] | undefined;
  let line = 1;
  const takePending = () => {
    if (pending === undefined) return;
    if (positions === undefined) {
      positions = locateColumns(path, pending, builders, newColumnNames);
    } else for (let i = 0; i < builders.length; i++) builders[i].add(pending[positions[i]], line);
    line++;
    pending = undefined;
  };
  const fail = (error: unknown) => {
    source.destroy();
    parser.destroy();
    reject(error);
  };
  parser.on("readable", () => {
    try {
      for (let row = parser.read(); row !== null; row = parser.read()) {
        takePending();
        pending = row as readonly string[];
      }
    } catch (error) {
      fail(error);
    }
  });
  parser.on("end", () => {
    try {
      if (!torn) takePending();
      resolve();
    } catch (error) {
      reject(error);
    }
  });
  parser.on("error", (error: Error & { code?: string }) => {
    // An open quote at the end of the file is a torn line as well.
    if (error.code === "CSV_QUOTE_NOT_CLOSED") {
      takePending();
      return resolve();
    }
    fail(
      new LoaderError("result", `The table is not valid CSV (${error.message}).`, {
        file: path,
        cause: error,
      }),
    );
  });
  source.on("error", fail);
  source.pipe(parser);
  return promise;
}

function locateColumns(
  path: string,
  header: readonly string[],
  builders: readonly Builder[],
  newColumnNames: ReadonlySet<string>,
): number[] {
  return builders.map(({ column }) => {
    const position = header.indexOf(column.name);
    // A cell at −1 is as unknown as an empty one.
    if (position < 0 && !newColumnNames.has(column.name)) {
      throw new LoaderError("result", "The column is missing from the header of the table.", {
        file: path,
        line: 1,
        column: column.name,
      });
    }
    return position;
  });
}

const INITIAL_ROWS = 1024;

type Builder = NumberBuilder | TextBuilder;

function createBuilder(path: string, column: Column): Builder {
  return column.type === "text" ? new TextBuilder(column) : new NumberBuilder(path, column);
}

class NumberBuilder {
  count = 0;
  #values = new Float64Array(INITIAL_ROWS);

  constructor(readonly path: string, readonly column: Column) {}

  add(cell: string | undefined, line: number): void {
    if (this.count === this.#values.length) {
      const grown = new Float64Array(2 * this.count);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.count++] = this.#parse(cell, line);
  }

  finish(): Float64Array {
    return this.#values.subarray(0, this.count);
  }

  #parse(cell: string | undefined, line: number): number {
    if (cell === undefined || cell === "") return NaN;
    if (this.column.type === "boolean") {
      if (cell === "true") return 1;
      if (cell === "false") return 0;
    } else {
      const value = parseNumberCell(cell);
      if (value !== undefined) return value;
    }
    const expected = this.column.type === "boolean" ? "true or false" : "a number";
    throw new LoaderError("result", `Expected ${expected}, got ${JSON.stringify(cell)}.`, {
      file: this.path,
      line,
      column: this.column.name,
      value: cell,
    });
  }
}

class TextBuilder {
  count = 0;
  #codes = new Int32Array(INITIAL_ROWS);
  readonly #codeOf = new Map<string, number>();

  constructor(readonly column: Column) {}

  add(cell: string | undefined): void {
    if (this.count === this.#codes.length) {
      const grown = new Int32Array(2 * this.count);
      grown.set(this.#codes);
      this.#codes = grown;
    }
    let code = -1;
    if (cell !== undefined && cell !== "") {
      code = this.#codeOf.get(cell) ?? this.#codeOf.size;
      if (code === this.#codeOf.size) this.#codeOf.set(cell, code);
    }
    this.#codes[this.count++] = code;
  }

  finish(): TextColumn {
    return { codes: this.#codes.subarray(0, this.count), values: [...this.#codeOf.keys()] };
  }
}
