import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveEmpiricalDistribution } from "../../lib/analyze/empirical_distribution.ts";
import {
  formatDistribution,
  meanOf,
  parseDistribution,
} from "../../lib/platform/simulator/distribution.ts";

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
});

Deno.test("empirical distribution: ascends from the least to the largest, whatever it is of", () => {
  fc.assert(
    fc.property(values, (values) => {
      const { quantiles, values: found } = deriveEmpiricalDistribution(values)!;
      assert.equal(quantiles[0], 0);
      assert.equal(quantiles.at(-1), 1);
      for (let i = 1; i < quantiles.length; i++) {
        assert.ok(quantiles[i] > quantiles[i - 1]);
        assert.ok(found[i] >= found[i - 1]);
      }
      assert.ok(Math.abs(found[0] - Math.min(...values)) < 0.001);
      assert.ok(Math.abs(found.at(-1)! - Math.max(...values)) < 0.001);
    }),
    { seed: 11, numRuns: 200 },
  );
});

Deno.test("empirical distribution: the simulator reads what it writes", () => {
  fc.assert(
    fc.property(values, (values) => {
      const distribution = deriveEmpiricalDistribution(values)!;
      assert.deepEqual(parseDistribution(formatDistribution(distribution)), distribution);
    }),
    { seed: 12, numRuns: 100 },
  );
});

Deno.test("empirical distribution: has about the mean of what it is of", () => {
  // Ten thousand exponential values by their quantiles: a mean of 10 and a long tail.
  const values = Array.from({ length: 10_000 }, (_, i) => -10 * Math.log(1 - (i + 0.5) / 10_000));
  const mean = meanOf(deriveEmpiricalDistribution(values)!);
  assert.ok(Math.abs(mean - 10) < 0.1, `${mean}`);
});

Deno.test("empirical distribution: of nothing there is none, and below 0 there is nothing", () => {
  assert.equal(deriveEmpiricalDistribution([]), null);
  assert.deepEqual(deriveEmpiricalDistribution([-3]), {
    kind: "quantiles",
    quantiles: [0, 1],
    values: [0, 0],
  });
});
