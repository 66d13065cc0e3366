import type { InvocationRow, InvocationSink } from "../../lib/model/record.ts";
import type { Cell, Table, TableSink } from "../../lib/model/table.ts";
import { deriveInvocationCells } from "../../lib/store/schema/invocation_row.ts";
import { INVOCATIONS } from "../../lib/store/schema/tables.ts";

/** Keeps the rows of a table, by column name. */
export class MemorySink implements TableSink {
  readonly rows: Readonly<Record<string, Cell>>[] = [];
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  write(row: readonly Cell[]): void {
    if (row.length !== this.#table.columns.length) {
      throw new Error(`a row of ${row.length} cells for ${this.#table.columns.length} columns`);
    }
    this.rows.push(Object.fromEntries(this.#table.columns.map(({ name }, i) => [name, row[i]])));
  }
}

/** Keeps invocations as rows of their table, by column name. */
export class InvocationMemorySink implements InvocationSink {
  readonly #sink: MemorySink;
  readonly #functionIds: readonly string[];
  readonly #table: Table;

  constructor(functionIds: readonly string[], table: Table = INVOCATIONS) {
    this.#sink = new MemorySink(table);
    this.#functionIds = functionIds;
    this.#table = table;
  }

  get rows(): MemorySink["rows"] {
    return this.#sink.rows;
  }

  write(row: InvocationRow): void {
    this.#sink.write(deriveInvocationCells(row, this.#functionIds, this.#table));
  }
}
