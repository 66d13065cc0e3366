import { LoopPauses } from "../clock/loop_pauses.ts";
import { LoaderError } from "../base/error.ts";
import type { SlotCountsBuilder } from "../model/slot_counts.ts";
import { joinKey } from "../model/trace.ts";
import { type ByteSource, openByteSource } from "./csv/byte_source.ts";
import { COUNT, CsvCells, ID, isCount, NUMBER, wrongCell } from "./csv/csv_cells.ts";
import { type CountColumns, CsvScanner } from "./csv/csv_scanner.ts";
import { parseDecimal } from "./csv/decimal.ts";

export type { CountColumns, CsvCells };

/** A record of a CSV file. */
export interface CsvRow {
  /** One-based line of the file on which it begins. */
  readonly line: number;
  /** The fields, as many as there are columns. */
  readonly cells: readonly string[];
}

/** How many names of columns or files an error message lists at most. */
const MAX_NAMES_LISTED = 20;

/**
 * A CSV file with a header, plain or packed (gzip of one member or several,
 * Zstandard), read row by row so that it may be larger than memory. Columns are
 * found by name in any case. A byte order mark, CRLF or CR, blank lines, rows of
 * blank cells and a missing newline at the end are tolerated.
 *
 * The rows can be read once: as strings ({@linkcode CsvTable.rows}), or where they
 * stand in the bytes of the file ({@linkcode CsvTable.forEachRow}), which takes a
 * tenth of the time where most cells are numbers.
 *
 * @example
 * ```ts
 * import { CsvTable } from "./csv_table.ts";
 * await using table = await CsvTable.open("data/azure_2019_synthetic/durations.csv");
 * const [app, mean] = ["HashApp", "Average"].map((name) => table.columnIndex(name));
 * let slowestMs = 0;
 * await table.forEachRow((cells) => {
 *   const meanMs = cells.number(mean);
 *   if (meanMs > slowestMs) slowestMs = meanMs;
 *   if (cells.id(app) === "") throw new Error("a name is never empty");
 * });
 * if (slowestMs === 0) throw new Error("they take some time");
 * ```
 */
export class CsvTable implements AsyncDisposable {
  /** Path of the file. */
  readonly file: string;
  /** Names of the columns as the header has them. */
  readonly columns: readonly string[];
  /** Line of the header. */
  readonly headerLine: number;
  readonly #source: ByteSource;
  readonly #scanner: CsvScanner;
  readonly #onBytes: ((bytes: Uint8Array) => void) | undefined;
  readonly #cells: CsvCells;
  readonly #indices = new Map<string, number>();

  private constructor(
    file: string,
    source: ByteSource,
    scanner: CsvScanner,
    onBytes?: (bytes: Uint8Array) => void,
  ) {
    this.file = file;
    this.#source = source;
    this.#scanner = scanner;
    this.#onBytes = onBytes;
    const header = new CsvCells(file, [], scanner);
    this.columns = Array.from({ length: header.length }, (_, index) => header.text(index).trim());
    this.headerLine = header.line;
    this.#cells = new CsvCells(file, this.columns, scanner);
    scanner.setColumns(this.columns.length);
    for (const [index, name] of this.columns.entries()) {
      // The index that pandas writes has no name, and nobody asks for it.
      if (name === "") continue;
      const key = name.toLowerCase();
      if (this.#indices.has(key)) {
        throw new LoaderError("input", "The column is there twice; remove one.", {
          file,
          line: this.headerLine,
          column: name,
        });
      }
      this.#indices.set(key, index);
    }
  }

  /**
   * Opens a file and reads its header. What is packed is unpacked, whatever its name.
   *
   * @param onBytes sees every byte of the (unpacked) file, in order, while it is called: the same
   *   memory has other bytes later
   * @throws LoaderError `input` when it cannot be read, is no CSV, has no header or has a column
   *   twice
   */
  static async open(file: string, onBytes?: (bytes: Uint8Array) => void): Promise<CsvTable> {
    const source = await openByteSource(file);
    try {
      const scanner = new CsvScanner(file);
      while (!scanner.next()) {
        if (scanner.isDone) {
          throw new LoaderError("input", "The file is empty; expected a header.", { file });
        }
        await fill(scanner, source, onBytes);
      }
      return new CsvTable(file, source, scanner, onBytes);
    } catch (error) {
      await source[Symbol.asyncDispose]();
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
        { file: this.file, line: this.headerLine, column: name },
      );
    }
    return index;
  }

  /**
   * The rows after the header, as strings.
   *
   * @throws LoaderError `input` when the file breaks off or a row has another number of fields
   */
  async *rows(): AsyncGenerator<CsvRow> {
    const indices = this.columns.map((_, index) => index);
    const pauses = new LoopPauses();
    for (;;) {
      while (this.#scanner.next()) {
        this.#checkLength();
        const line = this.#cells.line;
        yield { line, cells: indices.map((index) => this.#cells.text(index)) };
      }
      if (this.#scanner.isDone) return;
      await this.#fill(pauses);
    }
  }

  /**
   * Calls `visit` for each row after the header, with its cells as they stand in
   * the bytes of the file; they are gone after the call.
   *
   * @throws LoaderError `input` as {@linkcode CsvTable.rows} does; whatever `visit` throws
   */
  async forEachRow(visit: (cells: CsvCells) => void): Promise<void> {
    const pauses = new LoopPauses();
    for (;;) {
      try {
        while (this.#scanner.next()) {
          this.#checkLength();
          visit(this.#cells);
        }
      } catch (error) {
        throw this.#withPlace(error);
      }
      if (this.#scanner.isDone) return;
      await this.#fill(pauses);
    }
  }

  /**
   * As {@linkcode CsvTable.forEachRow}, for columns of the counts of consecutive
   * slots. When `visit` is called the builder has those of the row.
   *
   * @throws LoaderError `input` as {@linkcode CsvTable.forEachRow} does, and for what is no count
   */
  async forEachRowOfCounts(
    columns: CountColumns,
    builder: SlotCountsBuilder,
    visit: (cells: CsvCells) => void,
  ): Promise<void> {
    this.#scanner.readCounts(columns, builder);
    await this.forEachRow((cells) => {
      // Quotes, exponents and what is wrong take the long way.
      if (!this.#scanner.hasCounts) {
        for (let slot = 0; slot < columns.length; slot++) {
          builder.add(slot, cells.count(columns.first + slot));
        }
      }
      visit(cells);
    });
  }

  /** What takes the figures of a row says nothing of where they stand. */
  #withPlace(error: unknown): unknown {
    if (!(error instanceof LoaderError) || error.place.file !== undefined) return error;
    const place = { ...error.place, file: this.file, line: this.#cells.line, cause: error };
    return new LoaderError(error.code, error.message, place);
  }

  #checkLength(): void {
    const { cells, line } = this.#scanner;
    if (cells === this.columns.length) return;
    throw new LoaderError(
      "input",
      `Expected ${this.columns.length} fields as in the header, got ${cells}.`,
      { file: this.file, line, value: cells },
    );
  }

  async #fill(pauses: LoopPauses): Promise<void> {
    await fill(this.#scanner, this.#source, this.#onBytes);
    // A plain file is read without ever waiting.
    if (pauses.isDue) await pauses.take();
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
    await this.#source[Symbol.asyncDispose]();
  }
}

/** Gives a scanner the next bytes of a file. */
async function fill(
  scanner: CsvScanner,
  source: ByteSource,
  onBytes: ((bytes: Uint8Array) => void) | undefined,
): Promise<void> {
  const free = scanner.free();
  const read = source.read(free);
  const length = typeof read === "number" ? read : await read;
  if (length > 0) onBytes?.(free.subarray(0, length));
  scanner.grow(length);
}

/**
 * A finite decimal number.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseNumberCell(table: CsvTable, row: CsvRow, column: number): number {
  const value = parseDecimal(row.cells[column]);
  if (Number.isNaN(value)) throw refuse(table, row, column, NUMBER);
  return value;
}

/**
 * A number of invocations: a whole number from 0 to 2^32 − 1, also as `5.0`.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseCountCell(table: CsvTable, row: CsvRow, column: number): number {
  const value = parseDecimal(row.cells[column]);
  if (!isCount(value)) throw refuse(table, row, column, COUNT);
  return value;
}

/**
 * A name or hash, not empty.
 *
 * @throws LoaderError `input` with the place of the cell
 */
export function parseIdCell(table: CsvTable, row: CsvRow, column: number): string {
  const text = row.cells[column].trim();
  if (text === "") throw refuse(table, row, column, ID);
  return text;
}

/** The identifying cells of a row as one key. */
export function parseKeyCells(table: CsvTable, row: CsvRow, columns: readonly number[]): string {
  return joinKey(columns.map((column) => parseIdCell(table, row, column)));
}

function refuse(table: CsvTable, row: CsvRow, column: number, expected: string): LoaderError {
  const value = row.cells[column];
  const place = { file: table.file, line: row.line, column: table.columns[column], value };
  return wrongCell(place, expected);
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
