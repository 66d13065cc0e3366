import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { Rng } from "../../lib/base/rng.ts";
import { medianInterval, rangeCoverage } from "../../lib/stats/median_interval.ts";
import { assertRelative } from "./closeness.ts";

const ranks = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

Deno.test("medianInterval: the ranks and coverages of exact binomial sums at 95 %", () => {
  const cases: [count: number, low: number, high: number, coverage: number][] = [
    [6, 1, 6, 0.96875],
    [7, 1, 7, 0.984375],
    [8, 1, 8, 0.9921875],
    [9, 2, 8, 0.9609375],
    [10, 2, 9, 0.978515625],
    [12, 3, 10, 0.96142578125],
    [20, 6, 15, 0.9586105346679688],
    [30, 10, 21, 0.9572260547429323],
    [100, 40, 61, 0.9647997997822952],
  ];
  for (const [count, low, high, coverage] of cases) {
    const interval = medianInterval(ranks(count));
    assert.ok(interval !== null);
    assert.deepEqual([interval.low, interval.high], [low, high], `${count}`);
    assertRelative(interval.coverage, coverage, 1e-12);
  }
});

Deno.test("medianInterval: there is none where even the range covers less", () => {
  for (const count of [0, 1, 2, 3, 4, 5]) assert.equal(medianInterval(ranks(count)), null);
  assert.equal(rangeCoverage(5), 0.9375);
  assert.equal(rangeCoverage(1), 0);
  assert.equal(rangeCoverage(0), 0);
  const interval = medianInterval(ranks(5), 0.9);
  assert.deepEqual(interval, { low: 1, high: 5, coverage: 0.9375 });
});

Deno.test("medianInterval: covers the median as often as it says, at every number drawn", () => {
  const rng = Rng.fromSeed(42, "coverage");
  const trials = 4000;
  for (const count of [6, 7, 8, 9, 10, 20]) {
    let covered = 0;
    let coverage = 0;
    for (let trial = 0; trial < trials; trial++) {
      // A long tail, whose median is 1.
      const sorted = Float64Array.from(
        { length: count },
        () => Math.exp(2 * Math.tan(Math.PI * (rng.nextFloat() - 0.5))),
      ).sort();
      const interval = medianInterval(sorted)!;
      coverage = interval.coverage;
      if (interval.low <= 1 && 1 <= interval.high) covered++;
    }
    assert.ok(coverage >= 0.95);
    // Four standard deviations of a share.
    const tolerance = 4 * Math.sqrt(coverage * (1 - coverage) / trials);
    const share = covered / trials;
    assert.ok(Math.abs(share - coverage) < tolerance, `${count}: ${share}, not ${coverage}`);
  }
});

Deno.test("medianInterval: is the narrowest that covers enough, whatever the number", () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 3000 }), (count) => {
      const interval = medianInterval(ranks(count))!;
      assert.equal(interval.low + interval.high, count + 1);
      assert.ok(interval.coverage >= 0.95 && interval.coverage < 1);
      // About 1.96 standard deviations of a binomial, ½ · √n, each way.
      const half = (interval.high - interval.low) / 2;
      assert.ok(Math.abs(half - 0.98 * Math.sqrt(count)) < 1.5, `${count}: ${half}`);
    }),
    { seed: 81, numRuns: 200 },
  );
});

Deno.test("medianInterval: what is infinite ranks as the largest", () => {
  const sorted = [1, 2, 3, Infinity, Infinity, Infinity];
  assert.deepEqual(medianInterval(sorted), { low: 1, high: Infinity, coverage: 0.96875 });
});

Deno.test("medianInterval: refuses a confidence out of range", () => {
  for (const confidence of [0, 1, NaN]) {
    assert.throws(() => medianInterval(ranks(9), confidence), LoaderError);
  }
});
