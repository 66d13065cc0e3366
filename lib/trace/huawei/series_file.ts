import { LoaderError } from "../../base/error.ts";
import { type CsvCells, CsvTable, listColumns } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";

const DAY_S = 86_400;
const UPPER_N = 78;
const LOWER_N = 110;

/** Which instants a file of a time series has. */
export interface SeriesGrid {
  /** Day from the start of the data set. */
  readonly day: number;
  /** Seconds from one row to the next. */
  readonly stepS: number;
}

/** What was observed at one instant: a number for each function, or nothing known. */
export interface SeriesRow {
  readonly line: number;
  /** Seconds of the day. */
  readonly timeOfDayS: number;
  /** Of a column, counted among those of {@linkcode SeriesFile.functions}; `NaN`: nothing known. */
  value(column: number): number;
  /** Place of a cell, for a message. */
  place(column: number): { file: string; line: number; column: string };
}

/**
 * A file of the Huawei releases in which a row is an instant: `day`, `time`, then a
 * column for each function. `time` counts seconds from the start of the data set,
 * not of the day. An empty cell or `NaN` says that nothing is known.
 */
export class SeriesFile implements AsyncDisposable {
  readonly file: string;
  /** Names of the functions, one for each column. */
  readonly functions: readonly string[];
  readonly #table: CsvTable;
  readonly #columns: readonly number[];
  readonly #grid: SeriesGrid;
  readonly #day: number;
  readonly #time: number;

  private constructor(table: CsvTable, grid: SeriesGrid) {
    this.file = table.file;
    this.#table = table;
    this.#grid = grid;
    this.#day = table.columnIndex("day");
    this.#time = table.columnIndex("time");
    this.#columns = table.columns.flatMap((name, index) =>
      index === this.#day || index === this.#time || name === "" || /^unnamed: ?\d+$/i.test(name)
        ? []
        : [index]
    );
    this.functions = this.#columns.map((index) => table.columns[index]);
    if (this.functions.length === 0) {
      throw new LoaderError(
        "input",
        `Expected a column for each function, found ${listColumns(table.columns)}.`,
        { file: table.file, line: table.headerLine },
      );
    }
  }

  /** @throws LoaderError `input` when the file cannot be read or has another header */
  static async open(file: string, grid: SeriesGrid, reading: TraceReading): Promise<SeriesFile> {
    const table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
    try {
      return new SeriesFile(table, grid);
    } catch (error) {
      await table[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Calls `visit` for each row, which is the same object each time.
   *
   * @throws LoaderError `input` when a row is of another day or not after the one before,
   *   or a cell is wrong; whatever `visit` throws
   */
  async forEachRow(visit: (row: SeriesRow) => void): Promise<void> {
    let lastS = -1;
    await this.#table.forEachRow((cells) => {
      const timeOfDayS = this.#timeOfDay(cells, lastS);
      lastS = timeOfDayS;
      visit({
        line: cells.line,
        timeOfDayS,
        value: (column) => readValue(cells, this.#columns[column]),
        place: (column) => ({
          file: this.file,
          line: cells.line,
          column: this.functions[column],
        }),
      });
    });
  }

  /** Closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#table[Symbol.asyncDispose]();
  }

  #timeOfDay(cells: CsvCells, lastS: number): number {
    const day = cells.number(this.#day);
    const { stepS } = this.#grid;
    if (day !== this.#grid.day) {
      throw this.#refuse(
        cells,
        this.#day,
        `Expected day ${this.#grid.day} as the file's name says, got ${day}.`,
      );
    }
    const time = cells.number(this.#time);
    const timeOfDayS = time - day * DAY_S;
    if (!Number.isInteger(time) || timeOfDayS < 0 || timeOfDayS >= DAY_S) {
      throw this.#refuse(
        cells,
        this.#time,
        `Expected whole seconds since the start of the data set, which day ${day} has from ` +
          `${day * DAY_S} to ${(day + 1) * DAY_S - 1}, got ${time}.`,
      );
    }
    if (timeOfDayS % stepS !== 0) {
      throw this.#refuse(
        cells,
        this.#time,
        `Expected a multiple of ${stepS} seconds, got ${time}; are these rows by the second?`,
      );
    }
    if (timeOfDayS <= lastS) {
      throw this.#refuse(
        cells,
        this.#time,
        `Expected rows in order of time, each once, but ${time} comes after ` +
          `${lastS + day * DAY_S}; sort the file.`,
      );
    }
    return timeOfDayS;
  }

  #refuse(cells: CsvCells, index: number, sentence: string): LoaderError {
    return new LoaderError("input", sentence, {
      file: this.file,
      line: cells.line,
      column: this.#table.columns[index],
      value: cells.text(index),
    });
  }
}

/** A number from 0, or `NaN` where nothing is known. */
function readValue(cells: CsvCells, index: number): number {
  const start = cells.start(index);
  if (start === cells.end(index)) return NaN;
  const first = cells.bytes[start];
  if ((first === UPPER_N || first === LOWER_N) && /^(nan|na|null|none)$/i.test(cells.id(index))) {
    return NaN;
  }
  const value = cells.number(index);
  if (value < 0) throw cells.wrong(index, "a number from 0");
  return value;
}
