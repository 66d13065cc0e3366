import type { InvocationRow, InvocationSink } from "../model/record.ts";
import type { Table } from "../model/table.ts";
import { fieldOfColumn } from "../store/schema/invocation_row.ts";
import { INVOCATIONS } from "../store/schema/tables.ts";
import { createInvocations, type StoredInvocations } from "../store/read/stored_invocations.ts";

/** Keeps the records of a run in memory, as the columns that are analysed. */
export class InvocationColumns implements InvocationSink {
  readonly #table: Table;
  readonly #numbers: readonly NumberField[];
  readonly #texts: readonly TextField[];
  readonly #functionIds: readonly string[];
  readonly #functionCode: Int32Array;
  #count = 0;

  /**
   * @param functionIds by index in the schedule
   * @param capacity most rows that there will be: the invocations of the schedule
   * @param table with the columns of `invocations`, and others whose fields the rows have
   */
  constructor(functionIds: readonly string[], capacity: number, table: Table = INVOCATIONS) {
    this.#table = table;
    this.#functionIds = functionIds;
    this.#functionCode = new Int32Array(capacity);
    this.#numbers = table.columns.filter(({ type }) => type !== "text").map(({ name }) => ({
      name,
      field: fieldOfColumn(name) as keyof InvocationRow,
      values: new Float64Array(capacity),
    }));
    this.#texts = table.columns
      .filter(({ name, type }) => type === "text" && name !== FUNCTION_ID)
      .map(({ name }) => ({
        name,
        field: fieldOfColumn(name) as keyof InvocationRow,
        codes: new Int32Array(capacity),
        codeOf: new Map(),
      }));
  }

  write(row: InvocationRow): void {
    const at = this.#count++;
    this.#functionCode[at] = row.functionIndex;
    for (const { field, values } of this.#numbers) {
      const value = row[field];
      values[at] = value === null ? NaN : Number(value);
    }
    for (const { field, codes, codeOf } of this.#texts) {
      const text = row[field];
      if (text === null) {
        codes[at] = -1;
        continue;
      }
      let code = codeOf.get(text);
      if (code === undefined) {
        code = codeOf.size;
        codeOf.set(text, code);
      }
      codes[at] = code;
    }
  }

  /** The records so far, in the order in which they ended. */
  get table(): StoredInvocations {
    const rowCount = this.#count;
    return createInvocations({
      rowCount,
      numbers: (column) => find(this.#numbers, column).values.subarray(0, rowCount),
      texts: (column) => {
        if (column === FUNCTION_ID) {
          return { codes: this.#functionCode.subarray(0, rowCount), values: this.#functionIds };
        }
        const { codes, codeOf } = find(this.#texts, column);
        return { codes: codes.subarray(0, rowCount), values: [...codeOf.keys()].map(String) };
      },
    }, this.#table);
  }
}

/** A row has the function's index alone. */
const FUNCTION_ID = "function_id";

interface NumberField {
  readonly name: string;
  readonly field: keyof InvocationRow;
  readonly values: Float64Array;
}

interface TextField {
  readonly name: string;
  readonly field: keyof InvocationRow;
  readonly codes: Int32Array;
  readonly codeOf: Map<unknown, number>;
}

function find<T extends { readonly name: string }>(columns: readonly T[], name: string): T {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new TypeError(`the records have no ${name}`);
  return column;
}
