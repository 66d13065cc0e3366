import assert from "node:assert/strict";
import fc from "fast-check";
import { QuantileSampler } from "../../lib/schedule/quantile_sampler.ts";

/** Linear interpolation by the definition, without tables. */
function interpolate(quantiles: readonly number[], values: readonly number[], q: number): number {
  if (q <= quantiles[0]) return values[0];
  const upper = quantiles.findIndex((quantile) => quantile > q);
  if (upper < 0) return values[values.length - 1];
  const share = (q - quantiles[upper - 1]) / (quantiles[upper] - quantiles[upper - 1]);
  return values[upper - 1] + share * (values[upper] - values[upper - 1]);
}

function valueAt(sampler: QuantileSampler, quantile: number): number {
  const out = new Uint32Array(1);
  sampler.fill({ nextFloat: () => quantile }, out, 0, 1);
  return out[0];
}

Deno.test("QuantileSampler: the value at any quantile is the interpolated one, rounded half up", () => {
  const percentiles = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), {
    minLength: 2,
    maxLength: 9,
  }).chain((permille) => {
    const quantiles = permille.toSorted((a, b) => a - b).map((value) => value / 1000);
    const value = fc.integer({ min: 1, max: 5000 });
    return fc.array(value, { minLength: quantiles.length, maxLength: quantiles.length })
      .map((values) => ({ quantiles, values: values.toSorted((a, b) => a - b), mean: 1 }));
  });
  fc.assert(
    fc.property(
      percentiles,
      fc.double({ min: 0, max: 0.9999999, noNaN: true }),
      (distribution, quantile) => {
        const sampler = new QuantileSampler(distribution, 1, 4000);
        const exact = interpolate(distribution.quantiles, distribution.values, quantile);
        const expected = Math.min(4000, Math.max(1, exact));
        // Half a unit for the rounding, a trifle for the two ways to compute.
        assert.ok(Math.abs(valueAt(sampler, quantile) - expected) <= 0.5 + 1e-6);
        assert.ok(Number.isInteger(valueAt(sampler, quantile)));
      },
    ),
    { seed: 31, numRuns: 500 },
  );
});

Deno.test("QuantileSampler: the trace's own percentiles come out exactly", () => {
  const quantiles = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1];
  const values = [1, 10, 20, 40, 80, 160, 320];
  const sampler = new QuantileSampler({ quantiles, values, mean: 50 }, 1, 60_000);
  assert.deepEqual(quantiles.slice(0, -1).map((q) => valueAt(sampler, q)), values.slice(0, -1));
});
