import type { InvocationRow, InvocationSink } from "../../lib/model/record.ts";
import type { Cell, Table, TableSink } from "../../lib/model/table.ts";
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
  readonly #sink = new MemorySink(INVOCATIONS);
  readonly #functionIds: readonly string[];

  constructor(functionIds: readonly string[]) {
    this.#functionIds = functionIds;
  }

  get rows(): MemorySink["rows"] {
    return this.#sink.rows;
  }

  write(row: InvocationRow): void {
    this.#sink.write(deriveInvocationCells(row, this.#functionIds));
  }
}

/** The cells of an invocation in the order of the table's columns. */
export function deriveInvocationCells(
  row: InvocationRow,
  functionIds: readonly string[],
): readonly Cell[] {
  const known = (value: number) => Number.isNaN(value) ? null : value;
  const cells: Readonly<Record<string, Cell>> = {
    index: row.index,
    function_id: functionIds[row.functionIndex],
    phase: row.phase,
    scheduled_ms: row.scheduledMs,
    dispatched_ms: known(row.dispatchedMs),
    completed_ms: known(row.completedMs),
    requested_runtime_ms: known(row.requestedRuntimeMs),
    served_runtime_ms: known(row.servedRuntimeMs),
    requested_memory_mib: known(row.requestedMemoryMib),
    served_memory_mib: known(row.servedMemoryMib),
    instance: row.instance,
    cold_start: row.coldStart,
    outcome: row.outcome,
    status_code: known(row.statusCode),
    set_up_ms: known(row.setUpMs),
    peer_wait_ms: known(row.peerWaitMs),
    status_message: row.statusMessage,
  };
  return INVOCATIONS.columns.map(({ name }) => {
    const cell = cells[name];
    if (cell === undefined) throw new Error(`an invocation has no ${name}`);
    return cell;
  });
}
