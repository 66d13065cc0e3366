import { LoaderError } from "../../base/error.ts";
import { MAX_COUNT, type SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";
import { type CsvCells, CsvTable } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import type { DefectClass } from "../repair_log.ts";
import { DayCounts } from "./day_counts.ts";
import { findFunctionColumns, FunctionList } from "./function_list.ts";
import { findMinuteColumns, type MinuteColumns } from "./minute_columns.ts";

const DUPLICATED_INVOCATIONS: DefectClass = {
  defect: "function with invocations twice",
  repair: "counts added",
  severity: "approximate",
};

/** The functions of one file of invocations. */
export interface DayFunctions {
  readonly file: string;
  /** Line on which a function stands first in the file, by its number; 0: it is not there. */
  readonly lines: Int32Array;
}

/** The files of invocations of a trace, one for each day. */
export class InvocationTable {
  readonly functions = new FunctionList();
  readonly #days: number;
  /** By number of the function: where it appears first. */
  readonly #firstLines: number[] = [];
  readonly #firstDays: number[] = [];
  readonly #files: string[] = [];
  #counts: DayCounts | undefined;
  #first: { readonly file: string; readonly minutes: MinuteColumns } | undefined;

  /** @param days number of files that will be read */
  constructor(days: number) {
    this.#days = days;
  }

  /** Minutes of a day. */
  get minutes(): number {
    return this.#first!.minutes.indices.length;
  }

  /** The number that the header gives the first minute. */
  get firstMinute(): number {
    return this.#first!.minutes.first;
  }

  /** Where a function appears first. */
  placeOf(number: number): { readonly file: string; readonly line: number } {
    return { file: this.#files[this.#firstDays[number]], line: this.#firstLines[number] };
  }

  /** The counts of a function, once all days were read; their memory is handed over. */
  takeCounts(number: number): SlotCounts {
    return this.#counts!.finish(number);
  }

  /**
   * Reads the file of a day, from 0.
   *
   * @throws LoaderError `input` when it is empty, something in it is wrong, or its minutes are
   *   others than those of the first day
   */
  async read(file: string, day: number, reading: TraceReading): Promise<DayFunctions> {
    await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
    this.#files[day] = file;
    const columns = findFunctionColumns(table);
    const minutes = findMinuteColumns(table);
    this.#checkMinutes(file, minutes);
    const counts = this.#counts ??= new DayCounts(this.#days, minutes.indices.length);
    const builder = new SlotCountsBuilder();
    let lines = new Int32Array(Math.max(1024, this.functions.size));
    const visit = (cells: CsvCells) => {
      const number = this.functions.add(cells, columns);
      if (number >= lines.length) lines = grow(lines);
      if (number === this.#firstLines.length) {
        this.#firstLines.push(cells.line);
        this.#firstDays.push(day);
      }
      if (lines[number] === 0) {
        lines[number] = cells.line;
        counts.add(number, day, builder);
        return;
      }
      const place = { file, line: cells.line, value: this.functions.keyOf(number) };
      reading.repairs.addDuplicate(DUPLICATED_INVOCATIONS, place, lines[number]);
      counts.merge(number, day, builder, (minute, count) =>
        new LoaderError(
          "input",
          `The counts of a function that is there twice come to ${count} in one minute; a minute ` +
            `holds at most ${MAX_COUNT}.`,
          { file, line: cells.line, column: table.columns[minutes.indices[minute]], value: count },
        ));
    };
    await forEachRow(table, minutes.indices, builder, visit);
    if (lines.every((line) => line === 0)) {
      throw new LoaderError("input", "The trace is empty: there is no function after the header.", {
        file,
      });
    }
    return { file, lines };
  }

  #checkMinutes(file: string, minutes: MinuteColumns): void {
    this.#first ??= { file, minutes };
    const first = this.#first.minutes;
    if (first.indices.length === minutes.indices.length && first.first === minutes.first) return;
    const describe = ({ indices, first }: MinuteColumns) =>
      `${indices.length} minutes from ${first}`;
    throw new LoaderError(
      "input",
      `The days cannot be joined: this one has ${describe(minutes)}, and ${this.#first.file} has ` +
        `${describe(first)}; choose days of the same minutes (--day).`,
      { file, line: 1 },
    );
  }
}

/** Calls `visit` for each row, whose counts are in the builder. */
async function forEachRow(
  table: CsvTable,
  columns: readonly number[],
  builder: SlotCountsBuilder,
  visit: (cells: CsvCells) => void,
): Promise<void> {
  const first = columns[0];
  if (columns.every((column, minute) => column === first + minute)) {
    await table.forEachRowOfCounts({ first, length: columns.length }, builder, visit);
    return;
  }
  await table.forEachRow((cells) => {
    for (let minute = 0; minute < columns.length; minute++) {
      builder.add(minute, cells.count(columns[minute]));
    }
    visit(cells);
  });
}

function grow(lines: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(lines.length * 2);
  larger.set(lines);
  return larger;
}
