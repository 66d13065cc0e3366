import assert from "node:assert/strict";
import { RatioDistribution } from "../../lib/analyze/served_fit.ts";

Deno.test("shares within 2 % and 5 % count both sides, and their ends", () => {
  const ratios = new RatioDistribution();
  for (const served of [100, 98, 102, 97, 105, 95, 106, 50, NaN]) ratios.add(served, 100);
  ratios.add(5, 0);
  assert.equal(ratios.count, 8);
  assert.deepEqual(ratios.sharesWithin, [3 / 8, 6 / 8]);
});

Deno.test("quantiles of ratios are right to a thousandth, and nothing of nothing", () => {
  const ratios = new RatioDistribution();
  for (let i = 1; i <= 1_000; i++) ratios.add(500 + i, 1_000);
  for (const [q, wanted] of [[0.001, 0.501], [0.5, 1], [1, 1.5]] as const) {
    assert.ok(Math.abs(ratios.quantile(q)! / wanted - 1) <= 0.001, `${q}: ${ratios.quantile(q)}`);
  }
  assert.equal(new RatioDistribution().quantile(0.5), null);
  assert.deepEqual(new RatioDistribution().sharesWithin, [null, null]);
});
