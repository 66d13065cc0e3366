import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../lib/base/rng.ts";
import {
  BlockedQuantiles,
  deriveJointIntervals,
  drawBlockWeights,
} from "../../lib/stats/block_bootstrap.ts";
import { rankedQuantile } from "../../lib/stats/quantile.ts";

const BLOCKS = 5;

Deno.test("quantiles of weighted blocks are those of the values, each as often as its weight says", () => {
  const value = fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.constant(Infinity),
    fc.double({ noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(value, fc.nat(BLOCKS - 1)), { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(3), { minLength: BLOCKS, maxLength: BLOCKS }),
      fc.constantFrom(0, 0.07, 0.5, 0.9, 0.99, 1),
      (rows, weights, q) => {
        const quantiles = new BlockedQuantiles({
          values: Float64Array.from(rows, ([value]) => value),
          block: Uint32Array.from(rows, ([, block]) => block),
          blocks: BLOCKS,
        });
        const repeated = rows.flatMap(([value, block]) => Array<number>(weights[block]).fill(value))
          .sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
        const [found] = quantiles.at([q], weights);
        const rank = Math.max(1, Math.ceil(q * repeated.length * (1 - 1e-12)));
        assert.deepEqual(found, repeated.length === 0 ? NaN : repeated[rank - 1]);
      },
    ),
    { seed: 3 },
  );
});

Deno.test("beyond 8192 values a quantile is off by one bin in rank at most", () => {
  const count = 100_000;
  const rng = Rng.fromSeed(1, "values");
  const values = Float64Array.from({ length: count }, () => rng.nextFloat());
  const quantiles = new BlockedQuantiles({
    values,
    block: Uint32Array.from({ length: count }, (_, i) => i % BLOCKS),
    blocks: BLOCKS,
  });
  const sorted = values.toSorted();
  for (const q of [0.01, 0.5, 0.99, 0.999]) {
    const [found] = quantiles.at([q], Array(BLOCKS).fill(1));
    assert.ok(found >= rankedQuantile(sorted, 0, q)!);
    assert.ok(found <= sorted[Math.min(count - 1, Math.ceil(q * count + count / 8192))]);
  }
});

Deno.test("what is no number, and a block that is none, are refused", () => {
  const make = (value: number, block: number) => () =>
    new BlockedQuantiles({
      values: Float64Array.of(value),
      block: Uint32Array.of(block),
      blocks: 1,
    });
  assert.throws(make(NaN, 0), { code: "usage", message: /not a number/ });
  assert.throws(make(1, 1), { code: "usage", message: /none of the 1 blocks/ });
});

/** Means of several figures with equal true values, from blocks that differ. */
function intervalsOfTrial(seed: number, figures: number, blocks: number) {
  const rng = Rng.fromSeed(seed, "trial");
  // A sum of twelve uniforms is near enough to a normal distribution.
  const normal = () =>
    Array.from({ length: 12 }, () => rng.nextFloat()).reduce((a, b) => a + b) - 6;
  const means = Array.from({ length: figures }, () => Array.from({ length: blocks }, normal));
  const weights = new Uint32Array(blocks);
  const draws = means.map(() => new Float64Array(400));
  for (let draw = 0; draw < 400; draw++) {
    drawBlockWeights(rng, blocks, weights);
    for (const [i, values] of means.entries()) {
      draws[i][draw] = values.reduce((sum, value, b) => sum + weights[b] * value, 0) / blocks;
    }
  }
  const estimates = means.map((values) => values.reduce((a, b) => a + b) / blocks);
  return deriveJointIntervals({ estimates, draws }, 0.95, blocks);
}

Deno.test("intervals cover: each about 95 of 100 times, and all at once about as often", () => {
  const trials = 400;
  let one = 0;
  let all = 0;
  for (let seed = 0; seed < trials; seed++) {
    const intervals = intervalsOfTrial(seed, 8, 24);
    if (intervals[0].low < 0 && intervals[0].high > 0) one++;
    if (intervals.every(({ jointLow, jointHigh }) => jointLow < 0 && jointHigh > 0)) all++;
  }
  // Three standard deviations of a binomial distribution are 3.3 points.
  assert.ok(one / trials > 0.915 && one / trials < 0.985, `${one} of ${trials}`);
  assert.ok(all / trials > 0.9 && all / trials < 0.985, `${all} of ${trials}`);
});

Deno.test("a figure that is not finite has no bounds and does not spoil the others", () => {
  const draws = [Float64Array.of(1, 2, 3), Float64Array.of(Infinity, 1, 2)];
  const [first, second] = deriveJointIntervals({ estimates: [2, Infinity], draws }, 0.95, 24);
  assert.ok(first.low < 2 && first.high > 2);
  assert.ok(Number.isNaN(second.low) && Number.isNaN(second.high));
});
