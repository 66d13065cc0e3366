import { LoaderError } from "../../base/error.ts";
import { isRanked, type Outcome, OUTCOMES } from "../../model/record.ts";
import type { Table } from "../../model/table.ts";
import { fieldOfColumn, type InvocationNumbers } from "../schema/invocation_row.ts";
import { INVOCATIONS } from "../schema/tables.ts";
import { type ColumnTable, StoredTable, type TextColumn } from "./stored_table.ts";

/**
 * The records of a run as columns of equal length, by the fields of an `InvocationRow`;
 * times in ms since run start, unknown is NaN. Each is decoded when it is first looked at.
 */
export interface StoredInvocations extends InvocationNumbers {
  readonly count: number;
  /** Distinct functions; `functionCode` points into them. */
  readonly functionIds: readonly string[];
  readonly functionCode: Int32Array;
  /** Distinct instances; `instanceCode` points into them, −1 where it is unknown. */
  readonly instances: readonly string[];
  readonly instanceCode: Int32Array;
  /** 1 in the measurement phase, 0 in warm-up. */
  readonly measured: Uint8Array;
  /** Position in {@linkcode OUTCOMES}. */
  readonly outcome: Uint8Array;
  /** The same by the names of the table's columns. */
  readonly columns: ColumnTable;
}

/** Code of the outcome `ok` in {@linkcode StoredInvocations}. */
export const OK_CODE = OUTCOMES.indexOf("ok");

const RANKED_CODES = OUTCOMES.map(isRanked);

/** See {@linkcode isRanked}: whether an invocation with this code has a rank in quantiles. */
export function isRankedCode(code: number): boolean {
  return RANKED_CODES[code];
}

/**
 * Reads `invocations.csv` of a run's folder; without one there are no rows. What is broken
 * in a column is told when that column is looked at.
 *
 * @throws LoaderError `result` when the table cannot be read
 */
export function readInvocations(runPath: string): StoredInvocations {
  return createInvocations(new StoredTable(`${runPath}/${INVOCATIONS.name}.csv`, INVOCATIONS));
}

/**
 * Invocations as they are analysed, over the columns of their table.
 *
 * @param table what `columns` holds
 */
export function createInvocations(
  columns: ColumnTable,
  table: Table = INVOCATIONS,
): StoredInvocations {
  const invocations = { columns, count: columns.rowCount };
  for (const { name, type } of table.columns) {
    if (type !== "text") defineLazy(invocations, fieldOfColumn(name), () => columns.numbers(name));
  }
  defineLazy(invocations, "functionIds", () => columns.texts("function_id").values);
  defineLazy(invocations, "functionCode", () => columns.texts("function_id").codes);
  defineLazy(invocations, "instances", () => columns.texts("instance").values);
  defineLazy(invocations, "instanceCode", () => columns.texts("instance").codes);
  defineLazy(invocations, "measured", () => {
    const { codes, values } = columns.texts("phase");
    const measurement = values.indexOf("measurement");
    const measured = new Uint8Array(columns.rowCount);
    for (let row = 0; row < measured.length; row++) measured[row] = +(codes[row] === measurement);
    return measured;
  });
  defineLazy(invocations, "outcome", () => decodeOutcomes(columns));
  return invocations as StoredInvocations;
}

/** The invocations of some rows; of these, too, columns are taken when they are looked at. */
export function takeInvocations(
  { columns }: StoredInvocations,
  rows: readonly number[],
): StoredInvocations {
  const texts = new Map<string, TextColumn>();
  const numbers = new Map<string, Float64Array>();
  return createInvocations({
    rowCount: rows.length,
    numbers: (column) =>
      getOrMake(numbers, column, () => {
        const all = columns.numbers(column);
        return Float64Array.from(rows, (row) => all[row]);
      }),
    texts: (column) =>
      getOrMake(texts, column, () => {
        const { codes, values } = columns.texts(column);
        return { codes: Int32Array.from(rows, (row) => codes[row]), values };
      }),
  });
}

function getOrMake<T>(made: Map<string, T>, key: string, make: () => T): T {
  let value = made.get(key);
  if (value === undefined) {
    value = make();
    made.set(key, value);
  }
  return value;
}

/** A property that is found when it is first asked for, and then is one like any other. */
function defineLazy(target: object, name: string, find: () => unknown): void {
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = find();
      Object.defineProperty(target, name, { value, enumerable: true });
      return value;
    },
  });
}

function decodeOutcomes(columns: ColumnTable): Uint8Array {
  const { rowCount, path: file, firstRow = 0 } = columns;
  const { codes, values } = columns.texts("outcome");
  const outcomeCodes = values.map((value) => OUTCOMES.indexOf(value as Outcome));
  const outcomes = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const code = codes[row];
    const outcome = code < 0 ? -1 : outcomeCodes[code];
    if (outcome < 0) throw unknownOutcome(file, firstRow + row, code < 0 ? null : values[code]);
    outcomes[row] = outcome;
  }
  return outcomes;
}

function unknownOutcome(file: string | undefined, row: number, value: string | null): LoaderError {
  const sentence = value === null
    ? "The outcome is missing."
    : `Unknown outcome ${JSON.stringify(value)}.`;
  return new LoaderError("result", sentence, { file, line: row + 2, column: "outcome", value });
}
