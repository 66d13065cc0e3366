import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import type { Cell, Column, Table } from "../../../lib/model/table.ts";
import { TABLES } from "../../../lib/store/schema/tables.ts";
import { formatHeader, formatRow } from "../../../lib/store/write/csv_sink.ts";

const COLUMNS: readonly Column[] = [
  { name: "a", type: "number", meaning: "a" },
  { name: "b", type: "text", meaning: "b" },
  { name: "c", type: "boolean", meaning: "c" },
];

Deno.test("formatRow: numbers to microseconds, unknown empty", () => {
  const cases: [Cell[], string][] = [
    [[1, "x", true], "1.0,x,true\n"],
    [[1.23456, "", false], "1.235,,false\n"],
    [[null, null, null], ",,\n"],
    [[NaN, null, null], ",,\n"],
    [[Infinity, null, null], "Infinity,,\n"],
    [[-Infinity, null, null], "-Infinity,,\n"],
    [[-0.0004, 'say "so", please', null], '0.0,"say ""so"", please",\n'],
    [[123456789.5, "a\nb", null], '123456789.5,"a\nb",\n'],
  ];
  for (const [cells, line] of cases) assert.equal(formatRow(COLUMNS, cells), line);
});

Deno.test("formatRow: any text is read back by a CSV parser", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const [row] = parse(formatRow(COLUMNS, [1, text, true]), { relax_column_count: true });
      assert.deepEqual(row, ["1.0", text, "true"]);
    }),
    { seed: 51 },
  );
});

Deno.test("tables: the invocations begin as others rely on", () => {
  const [invocations] = TABLES as readonly Table[];
  assert.ok(
    formatHeader(invocations).startsWith(
      "index,function_id,phase,scheduled_ms,dispatched_ms,completed_ms,requested_runtime_ms," +
        "served_runtime_ms,requested_memory_mib,served_memory_mib,instance,cold_start,outcome,status_code",
    ),
  );
});

Deno.test("tables: every column is documented and named once", () => {
  for (const table of TABLES) {
    const names = table.columns.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, meaning } of table.columns) {
      assert.match(name, /^[a-z0-9_]+$/);
      assert.ok(meaning.length > 3);
    }
  }
});
