import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import { derivePairSpread } from "../../lib/stats/pair_spread.ts";

Deno.test("equal values differ by a factor of 1, and two values are too few to tell", () => {
  assert.deepEqual(derivePairSpread([3, 3, 3, 3], 1), { factor: 1, low: 1, high: 1 });
  assert.equal(derivePairSpread([1, 2], 1), null);
});

Deno.test("the unit of the values does not matter, nor their order", () => {
  const values = [1, 1.5, 7, 2, 9];
  const { factor, low, high } = derivePairSpread(values, 5)!;
  assert.ok(1 <= low && low <= factor && factor <= high);
  const other = derivePairSpread(values.map((value) => value / 1000).toReversed(), 5)!;
  assert.ok(Math.abs(other.factor / factor - 1) < 1e-9);
});

Deno.test("the interval holds the spread of the population for most samples of it", () => {
  // Logarithms uniform in [0, 1): two differ by a third on average.
  let held = 0;
  for (let seed = 0; seed < 100; seed++) {
    const rng = Rng.fromSeed(seed, "values");
    const values = Array.from({ length: 20 }, () => Math.exp(rng.nextFloat()));
    const { low, high } = derivePairSpread(values, seed)!;
    if (low <= Math.exp(1 / 3) && Math.exp(1 / 3) <= high) held++;
  }
  assert.ok(held >= 85, `${held} of 100`);
});
