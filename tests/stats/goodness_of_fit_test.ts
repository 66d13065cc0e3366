import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { Rng } from "../../lib/base/rng.ts";
import { chiSquareTest, kolmogorovSmirnovTest } from "../../lib/stats/goodness_of_fit.ts";
import { assertRelative, assertWithin } from "./closeness.ts";

const uniform = (x: number) => x;

Deno.test("kolmogorovSmirnovTest has the limit distribution's critical values in large samples", () => {
  const count = 1_000_000;
  const pValueAt = (x: number) => {
    const shift = x / Math.sqrt(count);
    const values = Float64Array.from({ length: count }, (_, i) => (i + 1) / count);
    return kolmogorovSmirnovTest(values, (value) => Math.max(0, value - shift)).pValue;
  };
  assertWithin(pValueAt(0.5), 0.9639452436648751, 1e-3);
  assertWithin(pValueAt(1.36), 0.049485876755377876, 1e-3);
});

Deno.test("kolmogorovSmirnovTest accepts what is uniform and refuses what is not", () => {
  const rng = Rng.fromSeed(42, "ks");
  const values = Array.from({ length: 2000 }, () => rng.nextFloat());
  assert.ok(kolmogorovSmirnovTest(values, uniform).pValue > 0.01);
  assert.ok(kolmogorovSmirnovTest(values.map((x) => x ** 1.2), uniform).pValue < 1e-6);
  assert.equal(kolmogorovSmirnovTest(values, () => 1).pValue, 0);
});

Deno.test("kolmogorovSmirnovTest refuses empty samples and NaN", () => {
  for (const wrong of [[], [0.5, NaN]]) {
    assert.throws(() => kolmogorovSmirnovTest(wrong, uniform), LoaderError);
    assert.throws(() => kolmogorovSmirnovTest(wrong, [1]), LoaderError);
    assert.throws(() => kolmogorovSmirnovTest([1], wrong), LoaderError);
  }
});

Deno.test("kolmogorovSmirnovTest of two samples knows neither order nor scale", () => {
  const sample = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(sample, sample, (u, v) => {
      const result = kolmogorovSmirnovTest(u, v);
      const turned = kolmogorovSmirnovTest(v.toReversed(), u);
      assert.equal(turned.statistic, result.statistic);
      assertWithin(turned.pValue, result.pValue, 1e-12);
      const scaled = kolmogorovSmirnovTest(u.map((x) => x ** 3 + 7), v.map((x) => x ** 3 + 7));
      assert.deepEqual(scaled, result);
      assert.deepEqual(kolmogorovSmirnovTest(u, u), { statistic: 0, pValue: 1 });
      assert.ok(result.pValue >= 0 && result.pValue <= 1);
    }),
    { seed: 42 },
  );
});

Deno.test("p-values of two samples of one distribution are uniform", () => {
  const rng = Rng.fromSeed(42, "ks pairs");
  const draw = (count: number) => Array.from({ length: count }, () => rng.nextFloat());
  const pValues = Array.from(
    { length: 400 },
    () => kolmogorovSmirnovTest(draw(150), draw(173)).pValue,
  );
  assert.ok(kolmogorovSmirnovTest(pValues, uniform).pValue > 0.01);
});

Deno.test("chiSquareTest has SciPy's results", () => {
  const even = chiSquareTest([16, 18, 16, 14, 12, 12], new Array(6).fill(88 / 6));
  assert.equal(even.degreesOfFreedom, 5);
  assertWithin(even.statistic, 2, 1e-12);
  assertRelative(even.pValue, 0.8491450360846096, 1e-9);
  const uneven = chiSquareTest([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]);
  assertWithin(uneven.statistic, 3.5, 1e-12);
  assertRelative(uneven.pValue, 0.6233876277495822, 1e-9);
});

Deno.test("chiSquareTest with two degrees of freedom has an exponential tail", () => {
  const { statistic, pValue, degreesOfFreedom } = chiSquareTest(
    [30, 10, 15, 5],
    [20, 20, 10, 10],
    1,
  );
  assert.equal(degreesOfFreedom, 2);
  assert.equal(statistic, 15);
  assertRelative(pValue, Math.exp(-7.5), 1e-12);
});

Deno.test("chiSquareTest refuses what cannot be tested", () => {
  assert.throws(() => chiSquareTest([1, 2], [1]), LoaderError);
  assert.throws(() => chiSquareTest([1, 2], [1, 0]), LoaderError);
  assert.throws(() => chiSquareTest([1], [1]), LoaderError);
  assert.throws(() => chiSquareTest([1, 2], [1, 2], 1), LoaderError);
});
