import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { Rng } from "../../lib/base/rng.ts";
import { chiSquareTest, kolmogorovSmirnovTest } from "../../lib/stats/goodness_of_fit.ts";
import { assertRelative, assertWithin } from "./closeness.ts";

const uniform = (x: number) => x;

Deno.test("kolmogorovSmirnovTest has SciPy's statistic and nearly its exact p-value", () => {
  const near = kolmogorovSmirnovTest(
    [0.05, 0.12, 0.2, 0.33, 0.41, 0.48, 0.6, 0.77, 0.8, 0.97],
    uniform,
  );
  assertWithin(near.statistic, 0.12, 1e-12);
  assertWithin(near.pValue, 0.9948566839762616, 0.025);
  const far = kolmogorovSmirnovTest(
    [0.55, 0.62, 0.7, 0.73, 0.81, 0.88, 0.9, 0.97, 0.98, 0.99],
    uniform,
  );
  assertWithin(far.statistic, 0.55, 1e-12);
  assertWithin(far.pValue, 0.0022805103214843725, 0.0015);
});

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
  assert.throws(() => kolmogorovSmirnovTest([], uniform), LoaderError);
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
