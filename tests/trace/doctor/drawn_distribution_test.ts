import assert from "node:assert/strict";
import fc from "fast-check";
import type { Percentiles } from "../../../lib/model/trace.ts";
import { describeDraws, LogDistribution } from "../../../lib/trace/doctor/drawn_distribution.ts";

const LIMITS = { minimum: 1, maximum: 60_000 };

const percentiles: fc.Arbitrary<Percentiles> = fc.array(
  fc.oneof(fc.constantFrom(0, 1, 60_000), fc.double({ min: 0, max: 200_000, noNaN: true })),
  { minLength: 2, maxLength: 8 },
).chain((drawn) => {
  const values = drawn.toSorted((a, b) => a - b);
  return fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: values.length,
    maxLength: values.length,
  }).map((quantiles) => ({ quantiles: quantiles.sort((a, b) => a - b), values, mean: 1 }));
});

/** The value at a quantile, as a replay draws it. */
function draw({ quantiles, values }: Percentiles, q: number): number {
  const next = quantiles.findIndex((quantile) => quantile >= q);
  if (next < 0) return values[values.length - 1];
  if (next === 0) return values[0];
  const part = (q - quantiles[next - 1]) / (quantiles[next] - quantiles[next - 1]);
  return values[next - 1] + part * (values[next] - values[next - 1]);
}

Deno.test("what draws come to is what many draws come to", () => {
  fc.assert(
    fc.property(percentiles, (of) => {
      const count = 4000;
      const draws = Array.from({ length: count }, (_, i) => draw(of, (i + 0.5) / count));
      const share = (isMeant: (value: number) => boolean) => draws.filter(isMeant).length / count;
      const mean = draws.reduce((sum, value) => sum + value, 0) / count;
      const bounded = draws.reduce((sum, value) => sum + Math.min(Math.max(value, 1), 60_000), 0) /
        count;
      const figures = describeDraws(of, LIMITS);
      // A quantile's step of 1/4000 can hold a leap of the whole range, at each of 8 points.
      assert.ok(Math.abs(figures.mean - mean) <= 8 * 200_000 / count, "mean");
      assert.ok(Math.abs(figures.boundedMean - bounded) <= 8 * 60_000 / count, "bounded mean");
      assert.ok(Math.abs(figures.below - share((value) => value < 1)) <= 9 / count, "below");
      assert.ok(Math.abs(figures.above - share((value) => value > 60_000)) <= 9 / count, "above");
    }),
    { seed: 7, numRuns: 300 },
  );
});

Deno.test("a distribution of draws is the interpolation's", () => {
  const of = { quantiles: [0, 0.5, 1], values: [10, 20, 1000], mean: 0 };
  const distribution = new LogDistribution(0.1, 1e6);
  distribution.addDraws(of, 3);
  assert.ok(Math.abs(distribution.weight - 3) < 1e-12);
  for (const q of [0.1, 0.4, 0.5, 0.75, 0.9]) {
    const value = draw(of, q);
    assert.ok(
      Math.abs(distribution.quantile(q)! / value - 1) < 0.04,
      `${q}: ${distribution.quantile(q)} for ${value}`,
    );
  }
});

Deno.test("weights count, and what is beyond the grid stands at its ends", () => {
  const distribution = new LogDistribution(1, 1000);
  assert.equal(distribution.quantile(0.5), null);
  distribution.addValue(0, 1);
  distribution.addValue(-5, 1);
  distribution.addValue(1e9, 2);
  assert.equal(distribution.shareUntil(1), 0.5);
  assert.equal(distribution.shareUntil(1000), 1);
  assert.equal(distribution.shareUntil(0.5), 0);
  // Between two points of the grid, of which there are 32 to a factor of ten.
  assert.ok(distribution.quantile(0.9)! > 930);
});
