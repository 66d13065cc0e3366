import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveConcurrency } from "../../lib/analyze/concurrency.ts";
import {
  deriveInstanceCounts,
  type InstanceLife,
  selectMeasuredStarts,
} from "../../lib/analyze/instance_life.ts";
import { chooseTimeBins, countPerBin, maxPerBin } from "../../lib/analyze/time_bins.ts";
import { invocationTable } from "../support/invocation_rows.ts";

Deno.test("times are counted in the bin that they lie in, others not at all", () => {
  const counts = countPerBin([0, 999.9, 1_000, 2_999, 3_000, -1, NaN], { binMs: 1_000, count: 3 });
  assert.deepEqual([...counts], [2, 1, 1]);
});

Deno.test("the maximum of a bin passes over unknown values", () => {
  const maxima = maxPerBin([10, 20, 30, 150], [4, 7, NaN, 1], { binMs: 100, count: 3 });
  assert.deepEqual([...maxima], [7, 1, NaN]);
});

Deno.test("a run of any length fits into the bins asked for", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (durationMs) => {
      const bins = chooseTimeBins(durationMs, 240, 1_000);
      assert.ok(bins.count <= 240 && bins.binMs >= 1_000);
      assert.ok(bins.count * bins.binMs >= durationMs);
    }),
    { seed: 42 },
  );
});

Deno.test("concurrency is weighted by time and counts from dispatch to completion", () => {
  const table = invocationTable([
    { scheduledMs: 0, dispatchedMs: 50, completedMs: 150 },
    { scheduledMs: 0, dispatchedMs: 75, completedMs: 100 },
    { scheduledMs: 0, dispatchedMs: null, completedMs: null, outcome: "dropped" },
  ]);
  const { mean, max } = deriveConcurrency(table, { binMs: 100, count: 3 });
  // First bin: one from 50 to 75, two from 75 to 100; second: one from 100 to 150.
  assert.deepEqual([...mean], [(25 + 2 * 25) / 100, 0.5, 0]);
  assert.equal(max[0], 2);
  assert.equal(max[2], 0);
});

Deno.test("the area under concurrency is the sum of the times in flight", () => {
  const call = fc.record({
    startMs: fc.integer({ min: 0, max: 900 }),
    lengthMs: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(call), (calls) => {
      const table = invocationTable(
        calls.map(({ startMs, lengthMs }) => ({
          scheduledMs: startMs,
          completedMs: startMs + lengthMs,
        })),
      );
      const { mean } = deriveConcurrency(table, { binMs: 100, count: 10 });
      const areaMs = mean.reduce((sum, value) => sum + 100 * value, 0);
      const sumMs = calls.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
      assert.ok(Math.abs(areaMs - sumMs) < 1e-6, `${areaMs} ≠ ${sumMs}`);
    }),
    { seed: 42 },
  );
});

function life(createdMs: number, readyMs: number, stoppedMs: number): InstanceLife {
  return {
    functionId: "f",
    instance: String(createdMs),
    createdMs,
    readyMs,
    stoppedMs,
    detail: null,
  };
}

Deno.test("instances are starting until ready, and ready until told to stop", () => {
  const lives = [life(-500, -100, 250), life(120, 180, NaN), life(130, NaN, 190)];
  const { starting, ready } = deriveInstanceCounts(lives, { binMs: 100, count: 4 });
  assert.deepEqual([...starting], [0, 2, 0, 0]);
  assert.deepEqual([...ready], [1, 2, 2, 1]);
});

Deno.test("instance starts before the run and in the warm-up do not count", () => {
  const phases = [{ fromMs: 0, phase: "warmup" }, { fromMs: 100, phase: "measurement" }] as const;
  const lives = [life(-5, 1, NaN), life(99, 120, NaN), life(100, 130, NaN), life(900, NaN, NaN)];
  assert.deepEqual(selectMeasuredStarts(lives, phases).map((start) => start.createdMs), [100, 900]);
});
