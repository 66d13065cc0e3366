import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { Rng } from "../../lib/base/rng.ts";
import { bootstrapInterval } from "../../lib/stats/bootstrap.ts";
import { assertRelative } from "./closeness.ts";

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("bootstrapInterval of a mean has about the normal interval's width", () => {
  const rng = Rng.fromSeed(42, "values");
  const values = Array.from({ length: 400 }, () => rng.nextFloat());
  const interval = bootstrapInterval(values, mean, Rng.fromSeed(42, "bootstrap"));
  assert.ok(interval !== null);
  const centre = mean(Float64Array.from(values));
  assert.ok(interval.low < centre && centre < interval.high);
  // The standard deviation of U(0, 1) is √(1/12).
  assertRelative(interval.high - interval.low, 2 * 1.96 * Math.sqrt(1 / 12 / 400), 0.1);
});

Deno.test("bootstrapInterval covers the true mean about as often as it says", () => {
  const rng = Rng.fromSeed(42, "coverage");
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const values = Float64Array.from({ length: 50 }, () => rng.nextFloat());
    const interval = bootstrapInterval(values, mean, rng, { resamples: 400, confidence: 0.9 });
    if (interval !== null && interval.low <= 0.5 && 0.5 <= interval.high) covered++;
  }
  assert.ok(covered >= 165 && covered <= 195, `${covered} of 200`);
});

Deno.test("bootstrapInterval is the same for the same seed, and widens with the confidence", () => {
  const values = [3.14, 1.59, 2.65, 3.58, 9.79, 3.23, 8.46, 2.64];
  const intervalAt = (seed: number, confidence: number) => {
    const interval = bootstrapInterval(values, mean, Rng.fromSeed(seed), { confidence });
    assert.ok(interval !== null);
    return interval;
  };
  assert.deepEqual(intervalAt(1, 0.95), intervalAt(1, 0.95));
  assert.notDeepEqual(intervalAt(1, 0.95), intervalAt(2, 0.95));
  assert.ok(intervalAt(1, 0.99).low < intervalAt(1, 0.5).low);
});

Deno.test("bootstrapInterval of nothing is unknown, of one value that value", () => {
  const rng = Rng.fromSeed(42);
  assert.equal(bootstrapInterval([], mean, rng), null);
  assert.deepEqual(bootstrapInterval([7], mean, rng), { low: 7, high: 7 });
});

Deno.test("bootstrapInterval refuses options out of range", () => {
  const rng = Rng.fromSeed(42);
  for (
    const options of [{ resamples: 0 }, { resamples: 1.5 }, { confidence: 0 }, { confidence: 1 }]
  ) {
    assert.throws(() => bootstrapInterval([1], mean, rng, options), LoaderError);
  }
});
