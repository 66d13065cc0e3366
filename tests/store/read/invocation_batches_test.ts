import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type InvocationColumn,
  readInvocationBatches,
} from "../../../lib/store/read/invocation_batches.ts";
import { readInvocations } from "../../../lib/store/read/stored_invocations.ts";
import { textAt } from "../../../lib/store/read/stored_table.ts";
import { INVOCATIONS } from "../../../lib/store/schema/tables.ts";
import { formatHeader, formatRow } from "../../../lib/store/write/csv_sink.ts";
import { OUTCOMES } from "../../../lib/model/record.ts";
import type { Cell, Column } from "../../../lib/model/table.ts";
import { temporaryFolder } from "../../support/script.ts";

const ALL = new Set(INVOCATIONS.columns.map(({ name }) => name));

const text = fc.oneof(
  fc.constantFrom("f", "o/a/f", "measurement", "warmup"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
);
const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.nat({ max: 1_000_000 }).map((n) => n / 1000),
  fc.integer(),
);

function cellOf({ name, type }: Column): fc.Arbitrary<Cell> {
  if (name === "outcome") return fc.constantFrom(...OUTCOMES);
  const known: fc.Arbitrary<Cell> = type === "text"
    ? text
    : type === "boolean"
    ? fc.boolean()
    : number;
  return fc.option(known, { nil: null });
}

const rows = fc.array(fc.tuple(...(INVOCATIONS.columns as readonly Column[]).map(cellOf)), {
  maxLength: 30,
});

/** All columns of all batches, one behind the other. */
function readAll(path: string, wanted: ReadonlySet<InvocationColumn>, blockBytes: number) {
  const columns = new Map<string, (number | string | null)[]>();
  for (const { columns: batch, count } of readInvocationBatches(path, wanted, blockBytes)) {
    for (const { name, type } of INVOCATIONS.columns) {
      if (!wanted.has(name)) continue;
      const values = columns.get(name) ?? [];
      const texts = type === "text" ? batch.texts(name) : null;
      const numbers = type === "text" ? null : batch.numbers(name);
      for (let row = 0; row < count; row++) {
        values.push(texts === null ? numbers![row] : textAt(texts, row));
      }
      columns.set(name, values);
    }
  }
  return columns;
}

Deno.test("batches have the cells of the table, in blocks of any size, whatever is wanted", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/invocations.csv`;
  const some = fc.subarray([...ALL], { minLength: 1 });
  fc.assert(
    fc.property(rows, some, fc.integer({ min: 16, max: 3000 }), (all, wanted, blockBytes) => {
      const lines = all.map((row) => formatRow(INVOCATIONS.columns, row as Cell[])).join("");
      Deno.writeTextFileSync(path, `${formatHeader(INVOCATIONS)}${lines}torn,`);
      const found = readAll(path, new Set(wanted), blockBytes);
      const { columns } = readInvocations(folder.path);
      for (const name of wanted) {
        const { type } = INVOCATIONS.columns.find((column) => column.name === name)!;
        const expected = type === "text"
          ? all.map((_, row) => textAt(columns.texts(name), row))
          : [...columns.numbers(name)];
        assert.deepEqual(found.get(name) ?? [], expected, name);
      }
    }),
    { seed: 91, numRuns: 400 },
  );
});

Deno.test("a wrong cell is told with its line, in any block; what nobody wants is not looked at", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/invocations.csv`;
  const row = (index: string, outcome = "ok") => `${index},f,warmup,1.0,,,,,,,,,${outcome},,,,\n`;
  const good = Array.from({ length: 100 }, (_, i) => row(String(i))).join("");
  const read = (lines: string, column: InvocationColumn) => {
    Deno.writeTextFileSync(path, formatHeader(INVOCATIONS) + good + lines);
    for (const batch of readInvocationBatches(path, new Set([column]), 256)) {
      if (column === "outcome") void batch.outcome;
    }
  };
  assert.throws(() => read(row("many"), "index"), {
    code: "result",
    message: /invocations.csv:102, column index: Expected a number, got "many"/,
  });
  assert.throws(() => read(row("1", "lost"), "outcome"), {
    message: /invocations.csv:102, column outcome: Unknown outcome "lost"/,
  });
  read(row("many"), "phase");
});

Deno.test("without a table, or in an empty one, there are no batches; a column that is missing is told", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/invocations.csv`;
  assert.deepEqual([...readInvocationBatches(path, ALL)], []);
  Deno.writeTextFileSync(path, "");
  assert.deepEqual([...readInvocationBatches(path, ALL)], []);
  Deno.writeTextFileSync(path, "index,phase\n1,warmup\n");
  assert.throws(() => [...readInvocationBatches(path, new Set(["outcome"]))], {
    message: /invocations.csv:1, column outcome: The column is missing/,
  });
  // Of a version that did not write it.
  const [batch] = readInvocationBatches(path, new Set(["index", "set_up_ms"]));
  assert.deepEqual([batch.count, batch.setUpMs[0]], [1, NaN]);
});
