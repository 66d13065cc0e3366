import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { writeNormal } from "../../../lib/trace/normal/write_normal.ts";
import {
  ParquetFileWriter,
  type WrittenColumn,
  type WrittenValues,
} from "../../../lib/trace/parquet/parquet_writer.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { temporaryFolder } from "../../support/script.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";
import { traces } from "./traces.ts";
import fc from "fast-check";

const DATA = fileURLToPath(new URL("data", import.meta.url));

/** Counts of `make_data.py` by function. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  resize: [5, 0, 70_000, 0, 0, 0, 0, 3],
  thumbnail: [1, 0, 0, 0, 0, 4, 0, 0],
  größe: [0, 0, 0, 2, 0, 0, 0, 0],
};

for (
  const folder of [
    "pandas",
    "pandas_odd",
    "polars",
    "polars_odd",
    "duckdb",
    "duckdb_sum",
    "arrow_v2",
    "arrow_plain",
    "arrow_delta",
    "arrow_lengths",
    "seconds",
  ]
) {
  Deno.test(`normal form: counts as others write them: ${folder}`, async () => {
    const trace = await readTrace(join(DATA, folder));
    const isOfSeconds = folder === "seconds";
    assert.equal(trace.slotMs, isOfSeconds ? 1000 : 60_000);
    assert.equal(trace.startMs, isOfSeconds ? Date.UTC(2026, 0, 31, 8) : undefined);
    const counts = trace.functions.filter(({ invocationsPerSlot }) => invocationsPerSlot.total > 0)
      .map(({ id, invocationsPerSlot }) => [id, [...invocationsPerSlot.toArray()]]);
    assert.deepEqual(Object.fromEntries(counts), COUNTS);
    assert.deepEqual(trace.repairs, []);
  });
}

for (const folder of ["pandas", "polars", "duckdb"]) {
  Deno.test(`normal form: what is known of functions, as others write it: ${folder}`, async () => {
    const { functions, assumptions } = await readTrace(join(DATA, folder));
    assert.deepEqual(functions.map(({ id }) => id), ["größe", "resize", "thumbnail", "never"]);
    assert.deepEqual(functions.map(({ appId }) => appId), [
      "pictures",
      "pictures",
      "pictures",
      "other",
    ]);
    assert.deepEqual(functions.map(({ ownerId }) => ownerId), ["o", "o", "o", ""]);
    assert.deepEqual(functions.map(({ trigger }) => trigger), ["http", "queue", null, "timer"]);
    assert.deepEqual(functions[1].runtimeMs, {
      quantiles: [0.5, 0.999],
      values: [15, 90],
      mean: 20,
    });
    assert.deepEqual(functions[1].memoryMib, { quantiles: [0.5], values: [200], mean: 200 });
    assert.deepEqual(assumptions, []);
  });
}

for (
  const [folder, isStamped] of [
    ["pandas_invocations", false],
    ["pandas_durations", false],
    ["polars_durations", false],
    ["pandas_stamps", true],
    ["polars_stamps", true],
    ["duckdb_stamps", true],
  ] as const
) {
  Deno.test(`normal form: invocations as others write them: ${folder}`, async () => {
    const trace = await readTrace(join(DATA, folder));
    assert.equal(trace.startMs, isStamped ? Date.UTC(2026, 0, 31, 8) : undefined);
    const a = trace.functions.find(({ id }) => id === "a")!;
    const b = trace.functions.find(({ id }) => id === "b")!;
    assert.deepEqual([...a.recorded!.arrivalMs], [500, 1500.25, 61_000, 61_000]);
    // Those of one instant keep the order of their rows.
    assert.deepEqual([...a.recorded!.runtimeMs!].toSorted(), [10.5, 30, 40, 50]);
    assert.deepEqual([...a.recorded!.runtimeMs!].slice(0, 2), [50, 10.5]);
    assert.deepEqual([...b.recorded!.memoryMib!], [64, 66]);
    assert.deepEqual([...a.invocationsPerSlot.toArray()], [2, 2, 0]);
    assert.deepEqual(trace.repairs, []);
    assert.equal(trace.assumptions?.length, folder === "duckdb_stamps" ? 1 : 0);
  });
}

Deno.test("normal form: functions that are whole numbers keep all of their digits", async () => {
  const { functions } = await readTrace(join(DATA, "numbers/invocations.parquet"));
  assert.deepEqual(functions.map(({ id }) => id), [String(2n ** 62n + 1n), "7"]);
});

Deno.test("normal form: what was written is read again, in all figures", async () => {
  await using folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(traces(), async (trace) => {
      await writeNormal(trace, folder.path);
      const read = await readTrace(folder.path);
      assert.deepEqual(plain(read), plain(trace));
      assert.deepEqual(read.repairs, []);
    }),
    { seed: 15, numRuns: 100 },
  );
});

/** A trace of plain values, whose counts can be compared. */
function plain(trace: Awaited<ReturnType<typeof readTrace>>) {
  const { functions, hash: _, repairs: __, ...rest } = trace;
  return {
    ...rest,
    functions: functions.map((profile) => ({
      ...profile,
      invocationsPerSlot: [...profile.invocationsPerSlot.toArray()],
    })),
  };
}

Deno.test("normal form: more rows than a group has", async () => {
  await using folder = await temporaryFolder();
  const counts = Array.from({ length: 70_000 }, (_, i) => 1 + i % 3);
  const functions = ["f", "g", "h"].map((id) =>
    profileOf({ id, invocationsPerSlot: SlotCounts.from(counts) })
  );
  await writeNormal(traceOf(functions), folder.path);
  const read = await readTrace(folder.path);
  for (const { invocationsPerSlot } of read.functions) {
    assert.ok(invocationsPerSlot.equals(functions[0].invocationsPerSlot));
  }
});

Deno.test("normal form: a slot of a function in two rows adds up, and is told", async () => {
  await using folder = await temporaryFolder();
  writeRows(join(folder.path, "counts.parquet"), COUNT_COLUMNS, [
    ["f", "g", "f", "f"],
    BigInt64Array.of(1n, 0n, 1n, 0n),
    BigInt64Array.of(2n, 1n, 3n, 4n),
  ]);
  const trace = await readTrace(folder.path);
  assert.deepEqual([...trace.functions[0].invocationsPerSlot.toArray()], [4, 5]);
  assert.deepEqual(
    trace.repairs.map(({ defect, severity, count }) => ({ defect, severity, count })),
    [{ defect: "slot of a function in several rows", severity: "approximate", count: 1 }],
  );
});

const COUNT_COLUMNS: readonly WrittenColumn[] = [
  { name: "function", type: "text", isNullable: true },
  { name: "slot", type: "whole" },
  { name: "invocations", type: "whole" },
];
const FLOAT_COLUMNS: readonly WrittenColumn[] = COUNT_COLUMNS.map((column) =>
  column.type === "whole" ? { ...column, type: "double", isNullable: true } : column
);

function writeRows(
  path: string,
  columns: readonly WrittenColumn[],
  values: readonly WrittenValues[],
  metadata: Record<string, string> = {},
): void {
  using writer = new ParquetFileWriter(path, columns);
  writer.write(values);
  writer.finish(metadata);
}

/** What is wrong, columns, values, metadata, and the end of the message. */
const WRONG: readonly (readonly [
  name: string,
  columns: readonly WrittenColumn[],
  values: readonly WrittenValues[],
  message: string,
  metadata?: Record<string, string>,
])[] = [
  [
    "a negative count",
    COUNT_COLUMNS,
    [["f", "g"], BigInt64Array.of(0n, 1n), BigInt64Array.of(1n, -3n)],
    ":2, column invocations: Expected a whole number from 0 to 4294967295, got -3; correct the row " +
    "or leave it out.",
  ],
  [
    "a count with a fraction",
    FLOAT_COLUMNS,
    [["f"], [0], [1.5]],
    ":1, column invocations: Expected a whole number from 0 to 4294967295, got 1.5; correct the " +
    "row or leave it out.",
  ],
  [
    "a count that is not there",
    FLOAT_COLUMNS,
    [["f", "f"], [0, 1], [1, null]],
    ":2, column invocations: Expected a whole number from 0 to 4294967295, got nothing (null or " +
    "NaN); correct the row or leave it out.",
  ],
  [
    "a count that is too large",
    COUNT_COLUMNS,
    [["f"], BigInt64Array.of(0n), BigInt64Array.of(2n ** 32n)],
    ":1, column invocations: Expected a whole number from 0 to 4294967295, got 4294967296; correct " +
    "the row or leave it out.",
  ],
  [
    "a slot that is an instant",
    COUNT_COLUMNS,
    [["f"], BigInt64Array.of(1_769_846_400_000n), BigInt64Array.of(1n)],
    ":1, column slot: Expected a whole number from 0 to 99999999, got 1769846400000; correct the " +
    "row or leave it out.",
  ],
  [
    "a function without a name",
    COUNT_COLUMNS,
    [["f", null], BigInt64Array.of(0n, 0n), BigInt64Array.of(1n, 1n)],
    ":2, column function: Expected the name or number of a function, got nothing (null); correct " +
    "the row or leave it out.",
  ],
  [
    "a function with an empty name",
    COUNT_COLUMNS,
    [[""], BigInt64Array.of(0n), BigInt64Array.of(1n)],
    ':1, column function: Expected the name or number of a function, got ""; correct the row or ' +
    "leave it out.",
  ],
  [
    "a column that is missing",
    COUNT_COLUMNS.slice(0, 2),
    [["f"], BigInt64Array.of(0n)],
    ", column invocations: The column is missing; found function, slot.",
  ],
  [
    "numbers as text",
    [COUNT_COLUMNS[0], COUNT_COLUMNS[1], { name: "invocations", type: "text" }],
    [["f"], BigInt64Array.of(0n), ["1"]],
    ", column invocations: Expected numbers, got text; cast the column.",
  ],
  [
    "metadata that is no width of a slot",
    COUNT_COLUMNS,
    [["f"], BigInt64Array.of(0n), BigInt64Array.of(1n)],
    ", column metadata loader.slot_ms: Expected a whole number from 1 to 3600000, got " +
    '"a minute".',
    { "loader.slot_ms": "a minute" },
  ],
  [
    "two widths of a slot",
    [...COUNT_COLUMNS, { name: "slot_ms", type: "double" }],
    [["f", "f"], BigInt64Array.of(0n, 1n), BigInt64Array.of(1n, 1n), [1000, 2000]],
    ":2, column slot_ms: The width of a slot is 2000 ms here and 1000 ms before; a trace has one.",
  ],
  [
    "no rows",
    COUNT_COLUMNS,
    [[], new BigInt64Array(0), new BigInt64Array(0)],
    ": The trace is empty: its files have no rows.",
  ],
];

for (const [name, columns, values, message, metadata] of WRONG) {
  Deno.test(`normal form: ${name} is refused with its place`, async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "wrong.parquet");
    writeRows(path, columns, values, metadata);
    await assert.rejects(readTrace(path), { code: "input", message: path + message });
  });
}

Deno.test("normal form: a file that is cut short is refused with its place", async () => {
  await using folder = await temporaryFolder();
  const whole = await Deno.readFile(join(DATA, "polars/counts.parquet"));
  const path = join(folder.path, "cut.parquet");
  for (let length = 4; length < whole.length; length += 7) {
    await Deno.writeFile(path, whole.subarray(0, length));
    await assert.rejects(readTrace(path), {
      code: "input",
      message: new RegExp(`^${path}: The Parquet file is damaged or not whole: `),
    });
  }
});

Deno.test("normal form: a file of other columns is named with what it is to have", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "other.parquet");
  writeRows(path, [{ name: "a", type: "text" }], [["x"]]);
  await assert.rejects(readTrace(path), {
    code: "input",
    message: `${path}: other.parquet (normal form): The file has the columns a; name them ` +
      "function, slot, invocations (a row for a function and a slot) or function, arrival_ms (a " +
      "row for an invocation).",
  });
});
