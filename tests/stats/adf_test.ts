import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../lib/base/rng.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { adfTest, augmentedDickeyFuller } from "../../lib/stats/adf.ts";
import { assertRelative, assertWithin } from "./closeness.ts";

// The expected figures of these series are statsmodels' (0.14).
Deno.test("adfTest of the shortest series that can be tested", () => {
  const result = adfTest([1, 2, 4, 3]);
  assert.ok(result !== null);
  assert.equal(result.usedLag, 0);
  assert.equal(result.observations, 3);
  assertRelative(result.statistic, -1.2701705922171767, 1e-9);
  assertWithin(result.pValue, 0.6427064469494191, 1e-9);
  assertRelative(result.criticalValues["1%"], -10.41719074074074, 1e-9);
  assertRelative(result.criticalValues["5%"], -5.77838074074074, 1e-9);
  assertRelative(result.criticalValues["10%"], -3.391681111111111, 1e-9);
  assertRelative(result.aic, 10.957249818982532, 1e-9);
});

Deno.test("adfTest chooses the lag of least AIC", () => {
  const result = adfTest([5, 3, 6, 2, 5, 4, 6, 3, 5, 2, 6, 4]);
  assert.ok(result !== null);
  assert.equal(result.usedLag, 4);
  assert.equal(result.observations, 7);
  assertRelative(result.statistic, -12.27643854691682, 1e-9);
});

Deno.test("adfTest leaves lags out that depend on others", () => {
  const result = adfTest([0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0]);
  assert.ok(result !== null);
  assertRelative(result.statistic, -4.318816262940977, 1e-9);
  assertRelative(result.aic, 20.199429488294236, 1e-9);
});

Deno.test("adfTest has nothing to say of a series that is too short, constant or exact", () => {
  const alternating = Array.from({ length: 30 }, (_, i) => i % 2);
  const line = Array.from({ length: 30 }, (_, i) => 3 * i);
  for (const series of [[], [1], [1, 2, 4], [7, 7, 7, 7, 7, 7], alternating, line]) {
    assert.equal(adfTest(series), null);
  }
});

Deno.test("augmentedDickeyFuller says why there is nothing to test", () => {
  const line = Array.from({ length: 30 }, (_, i) => 3 * i);
  const cases: [number[], RegExp][] = [
    [[], /it has 0 values of at least 4/],
    [[1, 2, 4], /it has 3 values of at least 4/],
    [[7, 7, 7, 7, 7, 7], /every value is 7/],
    [line, /its past explains it/],
    [[1, 2, 3, NaN, 5], /Value 3 of the series is NaN/],
  ];
  for (const [series, message] of cases) {
    assert.throws(
      () => augmentedDickeyFuller(series),
      (error) => error instanceof LoaderError && message.test(error.message),
    );
  }
});

Deno.test("adfTest refuses values that are not finite", () => {
  assert.throws(
    () => adfTest([1, 2, NaN, 4, 5]),
    (error) => error instanceof LoaderError && /Value 2 of the series is NaN/.test(error.message),
  );
});

Deno.test("adfTest finds a unit root in random walks, and none in noise", () => {
  const rng = Rng.fromSeed(42, "adf");
  let rejectedWalks = 0;
  let rejectedNoise = 0;
  for (let trial = 0; trial < 200; trial++) {
    const noise = Array.from({ length: 100 }, () => rng.nextFloat());
    let level = 0;
    const walk = noise.map((step) => level += step - 0.5);
    if ((adfTest(noise)?.pValue ?? 1) <= 0.05) rejectedNoise++;
    if ((adfTest(walk)?.pValue ?? 1) <= 0.05) rejectedWalks++;
  }
  // A choice of lag by AIC rejects a little more often than the nominal 5 %.
  assert.ok(rejectedWalks >= 4 && rejectedWalks <= 24, `${rejectedWalks} of 200 walks`);
  assert.ok(rejectedNoise >= 180, `${rejectedNoise} of 200 noises`);
});

Deno.test("adfTest does not depend on the unit or the origin of the values", () => {
  const series = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(series, (values) => {
      const result = adfTest(values);
      const scaled = adfTest(values.map((value) => 64 * value - 512));
      if (result === null || scaled === null) return result === scaled;
      if (result.usedLag !== scaled.usedLag) return false;
      return Math.abs(scaled.statistic - result.statistic) <
        1e-6 * Math.abs(result.statistic) + 1e-9;
    }),
    { seed: 42 },
  );
});
