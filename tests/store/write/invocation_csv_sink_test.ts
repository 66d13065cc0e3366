import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createInvocationRow,
  type InvocationRow,
  type Outcome,
  OUTCOMES,
} from "../../../lib/model/record.ts";
import type { Phase } from "../../../lib/model/schedule.ts";
import { deriveInvocationCells } from "../../../lib/store/schema/invocation_row.ts";
import { INVOCATIONS } from "../../../lib/store/schema/tables.ts";
import { formatHeader, formatRow } from "../../../lib/store/write/csv_sink.ts";
import { InvocationCsvSink } from "../../../lib/store/write/invocation_csv_sink.ts";
import { temporaryFolder } from "../../support/script.ts";

/** What the table is, by way of cells and text. */
function csvText(rows: readonly InvocationRow[], functionIds: readonly string[]): string {
  const lines = rows.map((row) =>
    formatRow(INVOCATIONS.columns, deriveInvocationCells(row, functionIds))
  );
  return formatHeader(INVOCATIONS) + lines.join("");
}

/** What the sink makes of the rows, all through one that is reused. */
async function writtenText(
  path: string,
  rows: readonly InvocationRow[],
  functionIds: readonly string[],
): Promise<string> {
  const sink = new InvocationCsvSink(path, functionIds);
  const reused = createInvocationRow();
  for (const row of rows) sink.write(Object.assign(reused, row));
  await sink.close();
  const text = await Deno.readTextFile(path);
  await Deno.remove(path);
  return text;
}

const timeMs = fc.oneof(
  fc.constant(NaN),
  fc.double({ min: -1e3, max: 1e8, noNaN: true }),
  fc.integer({ min: -1e6, max: 1e6 }).map((n) => n / 1000 + 0.0005),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }),
);
const wholeNumber = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const text = fc.oneof(
  fc.constantFrom("owner/app/function", 'say "so", please', "two\nlines", "größer 🙂", ""),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const invocation: fc.Arbitrary<InvocationRow> = fc.record({
  index: fc.oneof(wholeNumber, fc.maxSafeNat()),
  functionIndex: fc.nat({ max: 4 }),
  phase: fc.constantFrom<Phase>("warmup", "measurement"),
  scheduledMs: timeMs.filter((value) => !Number.isNaN(value)),
  dispatchedMs: timeMs,
  completedMs: timeMs,
  requestedRuntimeMs: wholeNumber,
  servedRuntimeMs: timeMs,
  requestedMemoryMib: wholeNumber,
  servedMemoryMib: timeMs,
  instance: fc.option(text, { nil: null }),
  coldStart: fc.constantFrom(true, false, null),
  outcome: fc.constantFrom<Outcome>(...OUTCOMES),
  statusCode: fc.oneof(fc.constant(NaN), fc.nat({ max: 16 })),
  setUpMs: timeMs,
  peerWaitMs: timeMs,
  statusMessage: fc.option(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('a "b", c\n', "x".repeat(2000))),
  ),
  traceId: fc.constantFrom(null, "0af7651916cd43dd8448eb211c80319c"),
});

Deno.test("InvocationCsvSink: the bytes of its rows are those of formatRow", async () => {
  await using folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 5, maxLength: 5 }),
      fc.array(invocation, { maxLength: 20 }),
      async (functionIds, rows) => {
        const written = await writtenText(`${folder.path}/table.csv`, rows, functionIds);
        assert.equal(written, csvText(rows, functionIds));
      },
    ),
    { seed: 63, numRuns: 300 },
  );
});

Deno.test("InvocationCsvSink: more instances than are kept, names of any length, many buffers", async () => {
  await using folder = await temporaryFolder();
  const functionIds = ["f", "x".repeat(194)];
  const rows = Array.from({ length: 10_000 }, (_, index) => ({
    ...createInvocationRow(),
    index,
    functionIndex: index % 2,
    scheduledMs: index / 7,
    requestedRuntimeMs: 1,
    requestedMemoryMib: 1,
    instance: index === 5000 ? "long, ".repeat(100_000) : `instance-${index % 5000}`,
  }));
  const written = await writtenText(`${folder.path}/table.csv`, rows, functionIds);
  assert.ok(written === csvText(rows, functionIds));
});

Deno.test("InvocationCsvSink: rows that end like the one before, or nearly so", async () => {
  await using folder = await temporaryFolder();
  const plain: InvocationRow = { ...createInvocationRow(), outcome: "ok", statusCode: 0 };
  const ends: readonly Partial<InvocationRow>[] = [
    { coldStart: false },
    { coldStart: true },
    { coldStart: null, outcome: "rejected", statusCode: 8 },
    { coldStart: false, statusCode: NaN },
    { coldStart: false, setUpMs: 1.5 },
    { coldStart: false, peerWaitMs: 0 },
    { coldStart: false, statusMessage: "no" },
    { coldStart: false, traceId: "0af7651916cd43dd8448eb211c80319c" },
  ];
  const numbers = fc.array(fc.nat({ max: ends.length - 1 }), { minLength: 2, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(numbers, async (chosen) => {
      const rows = chosen.map((end, i) => ({
        ...plain,
        index: i,
        functionIndex: 0,
        phase: i % 3 === 0 ? "warmup" as const : "measurement" as const,
        scheduledMs: i,
        requestedRuntimeMs: 1,
        requestedMemoryMib: 1,
        ...ends[end],
      }));
      const written = await writtenText(`${folder.path}/table.csv`, rows, ["f"]);
      assert.equal(written, csvText(rows, ["f"]));
    }),
    { seed: 64, numRuns: 100 },
  );
});
