import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { QuantileFunction } from "../../lib/stats/quantization.ts";
import { wassersteinDistance } from "../../lib/stats/wasserstein.ts";

const sample = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 40 });

Deno.test("the distance to points is the Wasserstein distance", () => {
  fc.assert(
    fc.property(sample, sample, (values, points) => {
      const distance = new QuantileFunction(values).distanceTo(points);
      assert.ok(Math.abs(distance - wassersteinDistance(values, points)) < 1e-9);
    }),
    { seed: 42 },
  );
});

Deno.test("no points are nearer than the least distance, and the nearest points have it", () => {
  fc.assert(
    fc.property(sample, sample, (values, points) => {
      const whole = new QuantileFunction(values);
      const least = whole.leastDistance(points.length);
      assert.ok(whole.distanceTo(points) > least - 1e-9);
      assert.ok(whole.nearestPoints(points.length).every((point) => values.includes(point)));
    }),
    { seed: 42 },
  );
});

Deno.test("the least distance of a uniform distribution is its width ÷ 4 n", () => {
  const uniform = new QuantileFunction(Float64Array.from({ length: 100_000 }, (_, i) => i / 1e5));
  for (const n of [1, 7, 50]) {
    assert.ok(Math.abs(uniform.leastDistance(n) * 4 * n - 1) < 1e-3);
  }
});

Deno.test("as many points as values leave no distance; no values are refused", () => {
  assert.equal(new QuantileFunction([3, 1, 1, 2]).leastDistance(4), 0);
  assert.equal(new QuantileFunction([5, 5, 5]).leastDistance(1), 0);
  assert.throws(() => new QuantileFunction([]), LoaderError);
  assert.throws(() => new QuantileFunction([1, NaN]), LoaderError);
});
