import assert from "node:assert/strict";
import { describeImport } from "../../../lib/trace/import/import_text.ts";
import { importTrace } from "../../../lib/trace/import/import_trace.ts";
import { source } from "./log_files.ts";

const ROWS = [
  ...Array.from({ length: 6 }, (_, i) => `2026-11-27T08:00:0${i}.5Z,/a,10`),
  "2026-11-27T08:01:00.5Z,/b,10",
  "2026-11-27T08:01:01.5Z,/b,",
  "2026-11-28T08:01:01.5Z,/b,10",
  "yesterday,/b,10",
];

async function describe(rows: readonly string[]): Promise<string[]> {
  const text = ["start_time,path,duration_ms", ...rows, ""].join("\n");
  const trace = await importTrace([source(text, "calls.csv")], {
    toMs: Date.UTC(2026, 10, 27, 8, 2),
    badRows: { count: 1 },
  });
  return describeImport(trace);
}

Deno.test("an import ends with what became of every row", async () => {
  assert.deepEqual(await describe(ROWS), [
    "Fields as of the usual names of fields: start_time is the start of a request, duration_ms " +
    "(ms) is how long it took.",
    "Requests that do not tell how long they took: 1; each has the runtime of another one of its " +
    "function.",
    "Rows: 10 read, 8 taken (80.0 %).",
    "Left out: 1 (after the window).",
    "Not readable: 1 (a time stamp of an unknown form), such as calls.csv:11 a time stamp of an " +
    'unknown form: "yesterday".',
    "Functions: 2; the most invoked:",
    "   75.0 %  /a",
    "   25.0 %  /b",
    "Span: 2026-11-27T08:00:00.000Z to 2026-11-27T08:02:00.000Z.",
    "Rate: 0.0667/s on average, 0.1/s in the busiest minute.",
    "Runtimes: told of 87.5 % of the requests.",
  ]);
});

Deno.test("an import without runtimes says what becomes of that", async () => {
  const lines = await describe(["2026-11-27T08:00:00.5Z,/a,"]);
  assert.match(lines.at(-1)!, /^Runtimes: none are told; a run takes them from elsewhere/);
});
