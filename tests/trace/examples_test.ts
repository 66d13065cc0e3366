import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTrace } from "../../lib/trace/read_trace.ts";
import type { Trace } from "../../lib/model/trace.ts";
import { exampleFiles, EXAMPLES } from "./make_examples.ts";

Deno.test("examples of formats: the script makes them anew", async () => {
  for (const [path, text] of Object.entries(exampleFiles())) {
    const bytes = await Deno.readFile(join(EXAMPLES, path));
    const there = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    assert.equal(new TextDecoder().decode(there), text, path);
  }
});

/** Cells of an example, taken apart without any of the library. */
function cellsOf(path: string): string[][] {
  const [, ...rows] = exampleFiles()[path].trim().split(/\r?\n/).map((line) => line.split(","));
  return rows;
}

function totalOf({ functions }: Trace): number {
  return functions.reduce((sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total, 0);
}

/** The first and the last arrival in whole microseconds, and the sum of all runtimes in ms. */
function extentOf({ functions }: Trace): readonly number[] {
  const arrivals = functions.flatMap(({ recorded }) => [...recorded!.arrivalMs]);
  const runtimes = functions.flatMap(({ recorded }) => [...recorded!.runtimeMs ?? []]);
  return [
    Math.round(Math.min(...arrivals) * 1000),
    Math.round(Math.max(...arrivals) * 1000),
    Math.round(runtimes.reduce((sum, runtime) => sum + runtime, 0)),
  ];
}

function sumOf(rows: readonly string[][], columns: readonly number[]): number {
  return rows.flatMap((row) => columns.map((column) => Number(row[column]) || 0))
    .reduce((sum, value) => sum + value, 0);
}

Deno.test("example of Azure 2021: rows, first and last arrival, runtimes", async () => {
  const trace = await readTrace(join(EXAMPLES, "azure2021"));
  const rows = cellsOf("azure2021/AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt");
  const starts = rows.map(([, , end, duration]) => Number(end) - Number(duration));
  assert.equal(totalOf(trace), rows.length);
  assert.deepEqual(extentOf(trace), [
    Math.round(Math.min(...starts) * 1e6),
    Math.round(Math.max(...starts) * 1e6),
    Math.round(sumOf(rows, [3]) * 1000),
  ]);
  assert.deepEqual(
    trace.functions.map(({ appId, id }) => `${appId.slice(0, 2)}/${id.slice(0, 2)}`).toSorted(),
    ["a1/f1", "a1/f2", "b2/f1", "c3/f3"],
  );
});

Deno.test("examples of language models: rows, first arrival, tokens as runtime", async () => {
  const trace = await readTrace(join(EXAMPLES, "azure_llm/2023"));
  const rows = ["code", "conv"].flatMap((service) =>
    cellsOf(`azure_llm/2023/AzureLLMInferenceTrace_${service}.csv`)
  );
  assert.equal(totalOf(trace), rows.length);
  const first = rows.map(([time]) => time).toSorted()[0];
  const runtimeMs = sumOf(rows, [1]) * 0.1 + sumOf(rows, [2]) * 30;
  const [firstUs, , sumMs] = extentOf(trace);
  assert.equal(firstUs, Math.round(Number(first.slice(17)) * 1e6));
  assert.ok(Math.abs(sumMs - runtimeMs) < 1, `${sumMs} for ${runtimeMs}`);
  for (const folder of ["2024", "2025"]) {
    assert.equal(totalOf(await readTrace(join(EXAMPLES, "azure_llm", folder))), 20);
  }
});

Deno.test("examples of Huawei 2023: counts of all days, delays in ms, memory of an instance", async () => {
  const days = { first: 0, last: 2 };
  const trace = await readTrace(join(EXAMPLES, "huawei2023/private_dataset"), { days });
  const rows = [0, 2].flatMap((day) =>
    cellsOf(`huawei2023/private_dataset/requests_minute/day_00${day}.csv.gz`)
  );
  assert.equal(totalOf(trace), sumOf(rows, [2, 3, 4]));
  for (const { runtimeMs, memoryMib } of trace.functions) {
    assert.ok(runtimeMs.values[0] >= 5 && runtimeMs.values.at(-1)! <= 25);
    assert.deepEqual([memoryMib.values[0], memoryMib.values.at(-1)], [64, 128]);
  }
  const open = await readTrace(join(EXAMPLES, "huawei2023/public_dataset"));
  assert.equal(
    totalOf(open),
    sumOf(cellsOf("huawei2023/public_dataset/requests_minute/day_00.csv.gz"), [2, 3, 4]),
  );
});

Deno.test("examples of Huawei 2025: counts, quantiles in s; requests with their starts", async () => {
  const counts = await readTrace(join(EXAMPLES, "huawei2025/quantiles"));
  const rows = cellsOf("huawei2025/quantiles/R2/requests/day_00.csv.gz");
  assert.equal(totalOf(counts), sumOf(rows, [2, 3]));
  for (const { runtimeMs, memoryMib, trigger } of counts.functions) {
    assert.deepEqual([runtimeMs.values[0], runtimeMs.values.at(-1)], [2, 250]);
    assert.equal(memoryMib.mean, 32.5);
    assert.ok(trigger !== null);
  }
  const requests = await readTrace(join(EXAMPLES, "huawei2025/per_request"));
  const all = [0, 1].flatMap((part) => cellsOf(`huawei2025/per_request/R2/part_00${part}.csv`));
  const starts = all.map((row) => Number(row[0]) - 2_592_000 - Number(row[7]))
    .filter((start) => start >= 0);
  assert.equal(totalOf(requests), starts.length);
  const [firstUs, lastUs] = extentOf(requests);
  assert.equal(firstUs, Math.round(Math.min(...starts) * 1e6));
  assert.equal(lastUs, Math.round(Math.max(...starts) * 1e6));
});

Deno.test("examples of Ilúvatar and FaaSRail: all invocations, each with its runtime", async () => {
  const trace = await readTrace(join(EXAMPLES, "iluvatar"));
  const times = cellsOf("iluvatar/in.csv").map(([, time]) => Number(time));
  assert.equal(totalOf(trace), times.length);
  assert.deepEqual(extentOf(trace), [times[0] * 1000, times.at(-1)! * 1000, 0]);
  const experiment = await readTrace(join(EXAMPLES, "faasrail"));
  const counts = exampleFiles()["faasrail/azure_spec_1rps_3min.csv"].trim().split("\n").slice(1)
    .map((line) => line.split(",").slice(-3));
  assert.equal(totalOf(experiment), sumOf(counts, [0, 1, 2]));
  assert.deepEqual(experiment.functions.map(({ runtimeMs }) => runtimeMs.mean), [295, 31, 30, 0]);
});
