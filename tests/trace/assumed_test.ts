import assert from "node:assert/strict";
import {
  assumeFigures,
  DEFAULT_ASSUMPTIONS,
  formatAssumedMemory,
  formatAssumedRuntime,
  parseAssumedMemory,
  parseAssumedRuntime,
} from "../../lib/trace/assumed.ts";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { temporaryFiles } from "../support/trace_files.ts";

const FIGURES = assumeFigures(DEFAULT_ASSUMPTIONS);
const KEYS = Array.from({ length: 4000 }, (_, i) => `azure/app/${i}`);

Deno.test("assumed runtimes have the published distribution of means", () => {
  const logs = KEYS.map((key) => Math.log(FIGURES.runtimeMs(key).mean / 1000));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const sigma = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length);
  // Four standard errors of 4,000 draws.
  assert.ok(Math.abs(mean + 0.38) < 0.15, `log mean ${mean}`);
  assert.ok(Math.abs(sigma - 2.36) < 0.11, `log sigma ${sigma}`);
});

Deno.test("assumed memory has the published median, and percentiles ascend around the mean", () => {
  const means = KEYS.map((key) => FIGURES.memoryMib(key).mean).toSorted((a, b) => a - b);
  // The median of Burr XII: 107.083 × (2^(1/0.221) − 1)^(1/11.652).
  const median = 107.083 * (2 ** (1 / 0.221) - 1) ** (1 / 11.652);
  assert.ok(Math.abs(means[2000] / median - 1) < 0.03, `${means[2000]} for ${median}`);
  for (const key of KEYS.slice(0, 50)) {
    for (const { values, mean } of [FIGURES.runtimeMs(key), FIGURES.memoryMib(key)]) {
      assert.deepEqual(values, values.toSorted((a, b) => a - b));
      assert.ok(values[0] > 0 && values[0] < mean && mean < values.at(-1)!);
    }
  }
});

Deno.test("what is assumed depends on the key alone, and is shared by the functions of an application", () => {
  assert.deepEqual(FIGURES.runtimeMs("k"), assumeFigures(DEFAULT_ASSUMPTIONS).runtimeMs("k"));
  assert.notDeepEqual(FIGURES.runtimeMs("k"), FIGURES.runtimeMs("l"));
  const shared = FIGURES.memoryMib("k", 4).mean * 4;
  assert.ok(Math.abs(shared / FIGURES.memoryMib("k").mean - 1) < 1e-12);
});

Deno.test("an assumption that changes nothing is refused, for it would pass for another experiment", async () => {
  await using folder = await temporaryFiles({
    "a.csv": "app,func,end_timestamp,duration\na,f,1,0.1\n",
  });
  const runtime = { kind: "fixed", runtimeMs: 100 } as const;
  const memory = { kind: "fixed", memoryMib: 64 } as const;
  assert.equal(
    (await readTrace(folder.path, { assume: { memory } })).functions[0].memoryMib.mean,
    64,
  );
  const tokens = { ...DEFAULT_ASSUMPTIONS.tokens, decodeMsPerToken: 1 };
  await assert.rejects(readTrace(folder.path, { assume: { runtime, memory, tokens } }), {
    code: "usage",
    message: "--assume-runtime, --assume-decode: the trace a has its own figures, and nothing of " +
      "it is assumed; leave the option out.",
  });
});

Deno.test("other figures are given as a time or a size, and read back as written", () => {
  assert.deepEqual(parseAssumedRuntime("100ms"), { kind: "fixed", runtimeMs: 100 });
  assert.deepEqual(parseAssumedRuntime("0.5s"), { kind: "fixed", runtimeMs: 500 });
  assert.deepEqual(parseAssumedMemory("2GiB"), { kind: "fixed", memoryMib: 2048 });
  for (const text of ["azure2019", "250ms"]) {
    assert.equal(formatAssumedRuntime(parseAssumedRuntime(text)), text);
  }
  for (const text of ["azure2019", "170MiB"]) {
    assert.equal(formatAssumedMemory(parseAssumedMemory(text)), text);
  }
  for (const text of ["", "0ms", "100", "-1s", "1h", "azure"]) {
    assert.throws(() => parseAssumedRuntime(text), /Expected azure2019 or a time above 0/);
  }
  for (const text of ["", "0MiB", "170", "170MB"]) {
    assert.throws(() => parseAssumedMemory(text), /Expected azure2019 or a size above 0/);
  }
});
