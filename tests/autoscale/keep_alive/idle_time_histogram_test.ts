import assert from "node:assert/strict";
import fc from "fast-check";
import { IdleTimeHistogram } from "../../../lib/autoscale/keep_alive/idle_time_histogram.ts";

const OPTIONS = { binMs: 60_000, bins: 240, head: 0.05, tail: 0.99 };

Deno.test("IdleTimeHistogram's percentiles and variation equal those by definition", () => {
  const idleTimes = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 250 * 60_000 }),
      // Few values, often: markers that jump over empty bins and come back.
      fc.constantFrom(0, 59_999, 60_000, 7 * 60_000, 239 * 60_000, 240 * 60_000 - 1, 240 * 60_000),
    ),
    { minLength: 1, maxLength: 250 },
  );
  fc.assert(
    fc.property(idleTimes, (times) => {
      const histogram = new IdleTimeHistogram(OPTIONS);
      const counts = new Array<number>(240).fill(0);
      let beyond = 0;
      for (const idleMs of times) {
        histogram.add(idleMs);
        const minute = Math.floor(idleMs / 60_000);
        if (minute < 240) counts[minute]++;
        else beyond++;
        const inRange = counts.reduce((a, b) => a + b);
        assert.equal(histogram.inRange, inRange);
        assert.equal(histogram.outOfRangeShare, beyond / (beyond + inRange));
        if (inRange === 0) continue;
        assert.equal(histogram.headMs, firstMinute(counts, 5) * 60_000);
        assert.equal(histogram.tailMs, (firstMinute(counts, 99) + 1) * 60_000);
        const mean = inRange / 240;
        const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 240;
        const variation = Math.sqrt(variance) / mean;
        assert.ok(Math.abs(histogram.countVariation - variation) < 1e-6 * (1 + variation));
      }
    }),
    { seed: 42, numRuns: 60 },
  );
});

/** The first minute up to which `percent` of the counts lie, in whole numbers. */
function firstMinute(counts: readonly number[], percent: number): number {
  const all = counts.reduce((a, b) => a + b);
  let sum = 0;
  for (let minute = 0; minute < counts.length; minute++) {
    sum += counts[minute];
    if (100 * sum >= percent * all) return minute;
  }
  throw new Error("unreachable");
}

Deno.test("IdleTimeHistogram's variation is 0 where all bins are equal and most in one bin", () => {
  const flat = new IdleTimeHistogram(OPTIONS);
  for (let minute = 0; minute < 240; minute++) flat.add(minute * 60_000);
  assert.equal(flat.countVariation, 0);
  const single = new IdleTimeHistogram(OPTIONS);
  for (let i = 0; i < 1000; i++) single.add(30_000);
  // One of B bins with everything: √(B − 1).
  assert.ok(Math.abs(single.countVariation - Math.sqrt(239)) < 1e-9);
});

Deno.test("IdleTimeHistogram's percentiles are not put off by rounding", () => {
  // 0.07 × 100 is 7.000000000000001, but the 7th of 100 is meant, not the 8th.
  const histogram = new IdleTimeHistogram({ ...OPTIONS, head: 0.07 });
  for (let minute = 0; minute < 100; minute++) histogram.add(minute * 60_000);
  assert.equal(histogram.headMs, 6 * 60_000);
});

Deno.test("IdleTimeHistogram without idle times has no share and no variation", () => {
  const empty = new IdleTimeHistogram(OPTIONS);
  assert.deepEqual([empty.inRange, empty.outOfRangeShare, empty.countVariation], [0, 0, 0]);
});
