import assert from "node:assert/strict";
import {
  cpuRequestMilli,
  deriveFunctionDemands,
  expectedConcurrency,
  memoryRequestMib,
  type ProfilingWindow,
} from "../../lib/trace/profile.ts";
import { profileOf, traceOf } from "../support/trace_files.ts";
import type { FunctionProfile } from "../../lib/model/trace.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";

function withLoad(counts: readonly number[], meanMs: number) {
  return profileOf({
    invocationsPerSlot: SlotCounts.from(counts),
    runtimeMs: { quantiles: [0, 1], values: [0, 2 * meanMs], mean: meanMs },
  });
}

/** Of the only function of a trace. */
function concurrencyOf(profile: FunctionProfile, window: ProfilingWindow): number {
  return expectedConcurrency(traceOf([profile]), profile, window);
}

Deno.test("expectedConcurrency: rate × mean runtime over five minutes", () => {
  // 300 in 5 minutes are 1 a second.
  assert.equal(concurrencyOf(withLoad([300, 0, 0, 0, 0], 1000), { startMs: 0 }), 1);
  assert.equal(concurrencyOf(withLoad([60, 60, 60, 60, 60], 2500), { startMs: 0 }), 2.5);
  // 3 in 5 minutes at 100 ms: fewer than 60 a minute do not make it 0.
  assert.equal(concurrencyOf(withLoad([1, 0, 2, 0, 0], 100), { startMs: 0 }), 0.001);
  assert.equal(concurrencyOf(withLoad([0, 0, 0, 0, 0], 100), { startMs: 0 }), 0);
});

Deno.test("expectedConcurrency: looks at its minutes only", () => {
  const profile = withLoad([999, 999, 12, 0, 999], 5000);
  assert.equal(concurrencyOf(profile, { startMs: 120_000, lengthMs: 120_000 }), 0.5);
});

Deno.test("expectedConcurrency: a trace that is too short is an error", () => {
  assert.throws(() => concurrencyOf(withLoad([1, 1, 1], 1), { startMs: 0 }), {
    code: "usage",
    message: "The trace test has 3 minutes, the window asks for minutes 0 to 5; start earlier or " +
      "shorten the duration.",
  });
});

Deno.test("cpuRequestMilli: steps of the table, edges included", () => {
  const table = [
    [0, 83],
    [128, 83],
    [128.5, 167],
    [256, 167],
    [257, 333],
    [512, 333],
    [513, 583],
    [1024, 583],
    [1025, 1000],
    [2048, 1000],
    [2049, 2000],
    [10_240, 2000],
    [99_999, 2000],
  ];
  for (const [memoryMib, expected] of table) {
    assert.equal(cpuRequestMilli(memoryMib), expected, `${memoryMib} MiB`);
  }
  assert.throws(() => cpuRequestMilli(NaN), { code: "usage" });
});

Deno.test("memoryRequestMib: the largest memory in whole MiB", () => {
  const memoryMib = { quantiles: [0.01, 0.5, 1], values: [10, 20, 128.2], mean: 20 };
  assert.equal(memoryRequestMib(profileOf({ memoryMib })), 129);
});

Deno.test("deriveFunctionDemands: initial scale is the ceiling, requests follow memory", () => {
  const memoryMib = { quantiles: [0.01, 1], values: [100, 300], mean: 200 };
  const [idle, light, even, busy] = deriveFunctionDemands(
    traceOf([
      withLoad([0, 0, 0, 0, 0], 1000),
      withLoad([1, 0, 0, 0, 0], 1),
      withLoad([60, 60, 60, 60, 60], 2000),
      { ...withLoad([60, 60, 60, 60, 60], 2001), memoryMib },
    ]),
    { startMs: 0 },
  );
  assert.deepEqual([idle, light, even, busy].map(({ initialScale }) => initialScale), [0, 1, 2, 3]);
  assert.equal(busy.memoryRequestMib, 300);
  assert.equal(busy.cpuRequestMilli, 333);
  assert.equal(idle.cpuRequestMilli, 83);
});
