import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OPEN_DURATION_MS } from "../../lib/run/common_options.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { defaultOf } from "../../lib/option/option.ts";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { expectedConcurrency } from "../../lib/trace/profile.ts";
import { sampleTrace } from "../../lib/trace/sample/sample.ts";
import { demonstrationFiles } from "../../scripts/trace_synthesize.ts";

const FOLDER = join(import.meta.dirname!, "../../data/azure_2019_synthetic");

Deno.test("shipped trace: the script makes it anew", async () => {
  const files = demonstrationFiles({ seed: 42, functions: 200 });
  for (const [name, bytes] of Object.entries(files)) {
    const shipped = await Deno.readFile(join(FOLDER, name));
    // Packed bytes depend on the version of zlib, what they hold does not.
    const [expected, actual] = name.endsWith(".gz")
      ? [gunzipSync(shipped), gunzipSync(bytes)]
      : [shipped, bytes];
    assert.ok(new TextDecoder().decode(actual) === new TextDecoder().decode(expected), name);
  }
});

Deno.test("shipped trace: flawless, and small enough for git", async () => {
  const trace = await readTrace(FOLDER, { defects: "refuse" });
  assert.equal(trace.functions.length, 200);
  assert.equal(trace.slots, 1440);
  let bytes = 0;
  for await (const entry of Deno.readDir(FOLDER)) {
    bytes += (await Deno.stat(join(FOLDER, entry.name))).size;
  }
  assert.ok(bytes < 400_000, `${bytes} bytes`);
});

Deno.test("shipped trace: busy from the first minute, and light enough for two cores", async () => {
  const trace = await readTrace(FOLDER);
  const busy = trace.functions.filter(({ invocationsPerSlot }) =>
    invocationsPerSlot.toArray().subarray(0, 10).every((count) => count >= 400)
  );
  // Three of four, less the timers among them.
  assert.ok(busy.length >= 110, `${busy.length} busy`);
  const window = { startMs: 0, lengthMs: 60_000 };
  const coresOf = (size: number) =>
    sampleTrace(trace, size, { seed: 42, window }).functions
      .reduce((sum, profile) => sum + expectedConcurrency(trace, profile, { startMs: 0 }), 0);
  const [six, eighteen] = [coresOf(6), coresOf(18)];
  assert.ok(six > 0.1 && six < 0.3, `6 functions: ${six} cores`);
  assert.ok(eighteen > 0.25 && eighteen < 0.8, `18 functions: ${eighteen} cores`);
});

Deno.test("shipped trace: holds the samples that a sweep asks for by default", async () => {
  const { sizes } = traceSweep.options;
  for (const isCluster of [false, true]) {
    const window = { startMs: 0, lengthMs: OPEN_DURATION_MS[isCluster ? "cluster" : "local"] };
    const size = Math.max(...defaultOf(sizes, isCluster));
    assert.equal((await readTrace(FOLDER, { size, window })).functions.length, size);
  }
});
