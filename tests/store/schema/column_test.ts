import assert from "node:assert/strict";
import { createInvocationRow } from "../../../lib/model/record.ts";
import type { Column, Table } from "../../../lib/model/table.ts";
import { InvocationColumns } from "../../../lib/preflight/invocation_columns.ts";
import { renderColumnSection } from "../../../lib/report/page/experiment_sections.ts";
import { createInvocations } from "../../../lib/store/read/stored_invocations.ts";
import { StoredTable } from "../../../lib/store/read/stored_table.ts";
import { deriveInvocationCells } from "../../../lib/store/schema/invocation_row.ts";
import { INVOCATIONS, SCALES } from "../../../lib/store/schema/tables.ts";
import { CsvSink } from "../../../lib/store/write/csv_sink.ts";
import { InvocationCsvSink } from "../../../lib/store/write/invocation_csv_sink.ts";
import { InvocationMemorySink } from "../../support/memory_sink.ts";
import { temporaryFolder } from "../../support/script.ts";

/** A column as the recipe of CONTRIBUTING.md adds it. */
const ADDED: Column = {
  name: "queue_wait_ms",
  type: "number",
  unit: "ms",
  meaning: "what it waited in a queue; empty if nothing",
  optional: true,
};

function withColumn(table: Table): Table {
  return { ...table, columns: [...table.columns, ADDED] };
}

/** The values of the added column at the end of each row, as they are read back. */
function readAdded(path: string, table: Table): number[] {
  return [...new StoredTable(path, table).numbers(ADDED.name)];
}

Deno.test("a column that is declared is in header, row, decoder and documentation", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/scales.csv`;
  const table = withColumn(SCALES);
  const sink = new CsvSink(table, path);
  sink.write([1, "f", 2, 2, 7.5]);
  sink.write([2, "f", 2, 2, null]);
  await sink.close();
  const [header, first] = Deno.readTextFileSync(path).split("\n");
  assert.ok(header.endsWith(`,${ADDED.name}`));
  assert.equal(first, "1.0,f,2,2,7.5");
  assert.deepEqual(readAdded(path, table), [7.5, NaN]);
  const documentation = renderColumnSection([table]).text;
  assert.ok(documentation.includes(ADDED.name) && documentation.includes(ADDED.meaning));
});

Deno.test("a column that is declared of invocations is in every reader and writer of them", async () => {
  await using folder = await temporaryFolder();
  const table = withColumn(INVOCATIONS);
  const row = Object.assign(createInvocationRow(), { functionIndex: 0, queueWaitMs: 7.5 });
  const cells = deriveInvocationCells(row, ["f"], table);
  assert.deepEqual([cells.length, cells.at(-1)], [table.columns.length, 7.5]);

  const memory = new InvocationMemorySink(["f"], table);
  memory.write(row);
  assert.equal(memory.rows[0][ADDED.name], 7.5);

  const columns = new InvocationColumns(["f"], 1, table);
  columns.write(row);
  assert.deepEqual([...queueWaitMs(columns.table)], [7.5]);

  const path = `${folder.path}/invocations.csv`;
  const sink = new CsvSink(table, path);
  sink.write(cells);
  await sink.close();
  assert.deepEqual([...queueWaitMs(createInvocations(new StoredTable(path, table), table))], [7.5]);
});

Deno.test("a column that earlier versions did not write is unknown there, any other is missed", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/scales.csv`;
  const sink = new CsvSink(SCALES, path);
  sink.write([1, "f", 2, 2]);
  await sink.close();
  assert.deepEqual(readAdded(path, withColumn(SCALES)), [NaN]);
  const required = { ...SCALES, columns: [...SCALES.columns, { ...ADDED, optional: false }] };
  assert.throws(() => readAdded(path, required), /column queue_wait_ms: The column is missing/);
});

Deno.test("the writer of bytes does not start where its columns are not those declared", async () => {
  await using folder = await temporaryFolder();
  const [index, functionId, phase, scheduled, dispatched, ...others] = INVOCATIONS.columns;
  const tables: readonly Table[] = [
    withColumn(INVOCATIONS),
    { ...INVOCATIONS, columns: INVOCATIONS.columns.slice(0, -1) },
    // Two of one type, the one in place of the other.
    { ...INVOCATIONS, columns: [index, functionId, phase, dispatched, scheduled, ...others] },
  ];
  for (const [i, table] of tables.entries()) {
    assert.throws(
      () => createSink(`${folder.path}/${i}.csv`, table),
      /writes other columns than are declared|an invocation has no/,
    );
  }
  await createSink(`${folder.path}/declared.csv`, INVOCATIONS).close();
});

function createSink(path: string, table: Table): InvocationCsvSink {
  return new InvocationCsvSink(path, ["f"], table);
}

function queueWaitMs(table: object): Float64Array {
  return (table as { readonly queueWaitMs: Float64Array }).queueWaitMs;
}
