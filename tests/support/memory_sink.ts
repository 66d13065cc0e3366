import type { Cell, Table, TableSink } from "../../lib/model/table.ts";

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
