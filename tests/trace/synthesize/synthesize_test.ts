import assert from "node:assert/strict";
import { join } from "node:path";
import { LoaderError } from "../../../lib/base/error.ts";
import { functionKey, type Trace } from "../../../lib/model/trace.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { writeSyntheticDays } from "../../../lib/trace/synthesize/dataset_files.ts";
import { synthesizeTrace } from "../../../lib/trace/synthesize/synthesize.ts";
import { runScript, temporaryFolder } from "../../support/script.ts";

Deno.test("synthesizeTrace: the same options give the same trace, another seed another one", () => {
  const options = { functions: 60, days: 2, seed: 5 };
  const first = synthesizeTrace(options);
  assert.equal(synthesizeTrace(options).hash, first.hash);
  assert.notEqual(synthesizeTrace({ ...options, seed: 6 }).hash, first.hash);
  assert.equal(first.functions.length, 60);
  assert.equal(new Set(first.functions.map(functionKey)).size, 60);
  assert.ok(first.functions.every(({ invocationsPerSlot }) => invocationsPerSlot.total > 0));
});

Deno.test("synthesizeTrace: what was made stays what it was", () => {
  // A change of this hash is a change of every synthetic trace: it must be meant.
  const { hash } = synthesizeTrace({ functions: 300 });
  assert.equal(hash, "604bb635febb6e351946927fdae1d7edead1c254f1974acf0aaabfb55154247b");
});

Deno.test("synthesizeTrace: more functions begin with the fewer", () => {
  const few = synthesizeTrace({ functions: 150 }).functions;
  const many = synthesizeTrace({ functions: 400 }).functions;
  const lastApp = few[few.length - 1].appId;
  for (const [i, profile] of few.entries()) {
    const { memoryMib, ...rest } = profile;
    const { memoryMib: otherMemory, ...otherRest } = many[i];
    assert.ok(rest.invocationsPerSlot.equals(otherRest.invocationsPerSlot));
    assert.deepEqual({ ...rest, invocationsPerSlot: null }, {
      ...otherRest,
      invocationsPerSlot: null,
    });
    if (profile.appId !== lastApp) assert.deepEqual(memoryMib, otherMemory);
  }
});

Deno.test("synthesizeTrace refuses sizes that are none", () => {
  for (
    const wrong of [{ functions: 0 }, { functions: 1.5 }, { functions: 3, days: 0 }, {
      functions: 3,
      seed: -1,
    }]
  ) {
    assert.throws(() => synthesizeTrace(wrong), LoaderError);
  }
});

Deno.test("writeSyntheticDays: a day is read as synthesizeTrace has it", async () => {
  await using folder = await temporaryFolder();
  const options = { functions: 120, seed: 3 };
  const made = synthesizeTrace(options);
  const days = await Array.fromAsync(writeSyntheticDays(folder.path, options));
  assert.equal(days.length, 1);
  const read = await readTrace(folder.path, { defects: "refuse" });
  assertAlike(read, made);
  const total = made.functions.reduce((sum, f) => sum + f.invocationsPerSlot.total, 0);
  const active = made.functions.reduce((sum, f) => sum + f.invocationsPerSlot.nonZero, 0);
  assert.deepEqual(
    [days[0].functions, days[0].invocations, days[0].activeMinutes],
    [120, total, active],
  );
  const sizes = days[0].files.map((file) => Deno.statSync(file).size);
  assert.equal(days[0].bytes, sizes[0] + sizes[1] + sizes[2]);
});

function assertAlike(read: Trace, made: Trace): void {
  assert.equal(read.slots, made.slots);
  assert.equal(read.functions.length, made.functions.length);
  for (const [i, profile] of made.functions.entries()) {
    const other = read.functions[i];
    assert.equal(functionKey(other), functionKey(profile));
    assert.equal(other.trigger, profile.trigger);
    assert.ok(other.invocationsPerSlot.equals(profile.invocationsPerSlot));
    assert.deepEqual(other.runtimeMs, profile.runtimeMs);
    other.memoryMib.values.forEach((value, j) =>
      assert.ok(Math.abs(value - profile.memoryMib.values[j]) < 1e-3)
    );
  }
}

Deno.test("writeSyntheticDays: days hold what the whole has, without the functions that are idle", async () => {
  await using folder = await temporaryFolder();
  const options = { functions: 200, days: 7, seed: 11 };
  const made = synthesizeTrace(options);
  for await (const { day, files } of writeSyntheticDays(folder.path, options)) {
    const rows = Deno.readTextFileSync(files[0]).trimEnd().split("\n").slice(1);
    const expected = made.functions.map(({ id, trigger, invocationsPerSlot, ownerId, appId }) => {
      const counts = invocationsPerSlot.toArray().subarray((day - 1) * 1440, day * 1440);
      return counts.some((count) => count > 0)
        ? [ownerId, appId, id, trigger, ...counts].join(",")
        : null;
    }).filter((row) => row !== null);
    assert.deepEqual(rows, expected);
    assert.equal(Deno.readTextFileSync(files[1]).trimEnd().split("\n").length, rows.length + 1);
  }
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name).sort();
  assert.equal(names.length, 21);
  assert.equal(names[20], "invocations_per_function_md.anon.d07.csv");
});

Deno.test("writeSyntheticDays: what was stopped leaves whole files only", async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (
      const _ of writeSyntheticDays(folder.path, { functions: 3000, days: 9, signal: stop.signal })
    ) {
      stop.abort(new LoaderError("interrupted", "Stopped."));
    }
  }, LoaderError);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name).sort();
  assert.deepEqual(names, [
    "app_memory_percentiles.anon.d01.csv",
    "function_durations_percentiles.anon.d01.csv",
    "invocations_per_function_md.anon.d01.csv",
  ]);
  assert.ok(Deno.statSync(join(folder.path, names[2])).size > 5e6);
});

Deno.test("trace:synthesize takes no more memory for more functions", async () => {
  await using folder = await temporaryFolder();
  const args = ["--functions", "20000", "--output", folder.path];
  // The counts alone of these functions are 115 MB.
  const flags = ["-P=files", "--v8-flags=--max-old-space-size=32,--max-semi-space-size=4"];
  const { status, stdout, stderr } = await runScript("scripts/trace_synthesize.ts", args, flags);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /20000 functions, \d+ invocations, 1\d\.\d % of the minutes/);
  const { size } = Deno.statSync(join(folder.path, "invocations_per_function_md.anon.d01.csv"));
  assert.ok(size > 60e6);
});
