import assert from "node:assert/strict";
import { statIfPresent } from "../../../lib/base/file.ts";
import { SCALES } from "../../../lib/store/schema/tables.ts";
import { CsvSink, replaceTable } from "../../../lib/store/write/csv_sink.ts";
import { writeSchemaFiles } from "../../../lib/store/write/schema_files.ts";
import { readRows } from "../../support/run_files.ts";
import { temporaryFolder } from "../../support/script.ts";

Deno.test("schemas tell the columns that the runs have, and no tables of which there is no row", async () => {
  await using folder = await temporaryFolder();
  await writeSchemaFiles(folder.path);
  assert.equal(statIfPresent(`${folder.path}/schemas`), null, "there is nothing to tell");
  const run = `${folder.path}/runs/a`;
  Deno.mkdirSync(run, { recursive: true });
  const sink = new CsvSink(SCALES, `${run}/scales.csv`);
  sink.write([1, "f", 2, 2]);
  await sink.close();
  // As an earlier version wrote it, without the columns that came later.
  Deno.writeTextFileSync(`${run}/instances.csv`, "time_ms,function_id,instance,event,detail\n");
  await writeSchemaFiles(folder.path);
  const columns = readRows(`${folder.path}/schemas/columns.csv`);
  assert.deepEqual(columns.map(({ table, column }) => `${table}.${column}`), [
    ...["time_ms", "function_id", "instance", "event", "detail"].map((name) => `instances.${name}`),
    ...SCALES.columns.map(({ name }) => `scales.${name}`),
  ]);
  const { meaning: _, ...scale } = columns.at(-1)!;
  assert.deepEqual(scale, {
    table: "scales",
    column: "actual_scale",
    type: "integer",
    unit: "",
    pandas: "Int64",
    polars: "Int64",
    arrow: "int64",
    r: "double",
  });
  const views = Deno.readTextFileSync(`${folder.path}/schemas/duckdb.sql`);
  assert.deepEqual([...views.matchAll(/VIEW (\w+)/g)].map(([, name]) => name), [
    "instances",
    "scales",
  ]);
});

Deno.test("a derived table without rows is none, in place of an earlier one too", async () => {
  await using folder = await temporaryFolder();
  await replaceTable(folder.path, SCALES, [[1, "f", 2, 2]]);
  assert.equal(readRows(`${folder.path}/scales.csv`).length, 1);
  await replaceTable(folder.path, SCALES, []);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});
