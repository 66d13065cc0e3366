import assert from "node:assert/strict";
import { join } from "node:path";
import { importTrace } from "../../../lib/trace/import/import_trace.ts";
import { checkOutput, writeImport } from "../../../lib/trace/import/write_import.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { temporaryFolder } from "../../support/script.ts";
import { source } from "./log_files.ts";

const START_MS = Date.UTC(2026, 10, 27, 8);
const NOTHING_GIVEN = { command: ["trace:import"], runtimeMs: null, memoryMib: null };

function row(secondS: number, path: string, durationMs: number | "") {
  return `${new Date(START_MS + secondS * 1000).toISOString()},${path},${durationMs}`;
}

const CSV = [
  "start_time,path,duration_ms",
  row(0.25, "/a", 10),
  row(61.5, "/a", 30.5),
  row(61.5, "/b", ""),
  row(200, "/b", ""),
  "",
].join("\n");

Deno.test("a written import is the trace that was imported", async () => {
  await using folder = await temporaryFolder();
  const imported = await importTrace([source(CSV)]);
  const files = await writeImport(folder.path, imported, NOTHING_GIVEN);
  assert.deepEqual(files.map((file) => file.slice(folder.path.length + 1)), [
    "functions.parquet",
    "invocations.parquet",
    "import.json",
  ]);
  const trace = await readTrace(folder.path);
  assert.deepEqual([trace.startMs, trace.slotMs, trace.slots], [START_MS, 60_000, 4]);
  const [a, b] = trace.functions;
  assert.deepEqual([a.id, [...a.invocationsPerSlot.toArray()]], ["/a", [1, 1, 0, 0]]);
  assert.deepEqual([b.id, [...b.invocationsPerSlot.toArray()]], ["/b", [0, 1, 0, 1]]);
  assert.deepEqual(a.recorded!.arrivalMs, Float64Array.of(250, 61_500));
  assert.deepEqual(a.recorded!.runtimeMs, Float32Array.of(10, 30.5));
  assert.equal(b.recorded!.runtimeMs, null);
  // What the logs do not tell is assumed when the trace is read, and said.
  assert.match(trace.assumptions!.join(), /Memory is not in the data set/);
  assert.deepEqual(trace.repairs.map(({ defect }) => defect), ["function without runtimes"]);
  assert.match(trace.notes![0], /^Imported from 1 source: 4 rows read, 4 taken, 0 left out, 0 not/);
  const summary = JSON.parse(await Deno.readTextFile(join(folder.path, "import.json")));
  assert.deepEqual(
    [summary.rows, summary.taken, summary.runtimeShare, summary.start, summary.functionInvocations],
    [4, 4, 0.5, "2026-11-27T08:00:00.000Z", { "/a": 2, "/b": 2 }],
  );
});

Deno.test("a runtime and a memory that are given stand where the logs tell none", async () => {
  await using folder = await temporaryFolder();
  const imported = await importTrace([source(CSV)]);
  await writeImport(folder.path, imported, { ...NOTHING_GIVEN, runtimeMs: 20, memoryMib: 256 });
  const trace = await readTrace(folder.path);
  const [a, b] = trace.functions;
  assert.deepEqual([a.runtimeMs.mean, b.runtimeMs.mean, b.memoryMib.mean], [20.25, 20, 256]);
  assert.deepEqual(trace.repairs, []);
  assert.deepEqual(trace.assumptions, [
    "The logs do not tell all runtimes: 20 ms are assumed where they do not.",
    "The logs do not tell memory: 256 MiB are assumed where they do not.",
  ]);
});

Deno.test("counters are written as counts, with percentiles where there are buckets", async () => {
  await using folder = await temporaryFolder();
  const series = (name: string, values: readonly number[], labels = {}) => ({
    metric: { __name__: `http_server_request_duration_seconds_${name}`, route: "/a", ...labels },
    values: values.map((value, i) => [START_MS / 1000 + 15 * i, String(value)]),
  });
  const answer = {
    status: "success",
    data: {
      resultType: "matrix",
      result: [
        series("count", [5, 7, 7, 10]),
        series("bucket", [5, 7, 7, 10], { le: "0.1" }),
        series("bucket", [5, 7, 7, 10], { le: "+Inf" }),
      ],
    },
  };
  const imported = await importTrace([source(JSON.stringify(answer), "answer.json")]);
  await writeImport(folder.path, imported, NOTHING_GIVEN);
  const trace = await readTrace(folder.path);
  assert.deepEqual([trace.startMs, trace.slotMs], [START_MS, 15_000]);
  const [{ invocationsPerSlot, runtimeMs, recorded }] = trace.functions;
  assert.deepEqual([...invocationsPerSlot.toArray()], [2, 0, 3]);
  assert.equal(recorded, undefined);
  assert.deepEqual(runtimeMs.values, [0, 1, 25, 50, 75, 99, 100]);
});

Deno.test("a window is the trace's length, whatever there is in it", async () => {
  const imported = await importTrace([source(CSV)], {
    fromMs: START_MS - 90_000,
    toMs: START_MS + 150_000,
    slotMs: 30_000,
  });
  assert.deepEqual([imported.startMs, imported.slots], [START_MS - 90_000, 8]);
  const { summary } = imported;
  assert.deepEqual([summary.rows, summary.taken, summary.leftOut[0].reason], [
    4,
    3,
    "after the window",
  ]);
  await assert.rejects(importTrace([source(CSV)], { toMs: 0 }), {
    code: "input",
    message: /None of 4 rows is a request that is wanted \(after the window: 4\)/,
  });
});

Deno.test("a folder with something else in it is refused", async () => {
  await using folder = await temporaryFolder();
  await checkOutput(folder.path);
  await checkOutput(join(folder.path, "new"));
  await Deno.writeTextFile(join(folder.path, "thesis.tex"), "");
  await assert.rejects(checkOutput(folder.path), { code: "usage" });
  await assert.rejects(checkOutput(join(folder.path, "thesis.tex")), { code: "usage" });
  await Deno.writeTextFile(join(folder.path, "import.json"), "{}");
  await checkOutput(folder.path);
});
