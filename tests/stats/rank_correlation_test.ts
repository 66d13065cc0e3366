import assert from "node:assert/strict";
import { midRanks, rankCorrelation } from "../../lib/stats/rank_correlation.ts";

Deno.test("equal values share the mean of their ranks", () => {
  assert.deepEqual([...midRanks([10, 30, 10, 20])], [0.5, 3, 0.5, 2]);
});

Deno.test("rankCorrelation looks at the order alone, and at ties as at their mean", () => {
  assert.equal(rankCorrelation([1, 2, 3], [1, 10, 11]), 1);
  assert.equal(rankCorrelation([1, 2, 3], [3, 2, 1]), -1);
  // Deviations of the ranks: −2, −½, −½, 1, 2 and 0, −2, 1½, 1½, −1.
  assert.equal(rankCorrelation([1, 2, 2, 4, 5], [3, 1, 4, 4, 2]), -0.25 / 9.5);
});

Deno.test("rankCorrelation is not known where a side is constant", () => {
  assert.equal(rankCorrelation([1, 1, 1], [1, 2, 3]), null);
  assert.equal(rankCorrelation([1], [2]), null);
});
