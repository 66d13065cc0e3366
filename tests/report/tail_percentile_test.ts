import assert from "node:assert/strict";
import type { RankedQuantiles } from "../../lib/analyze/ranked_quantiles.ts";
import { chooseShownPercentiles, describeTail } from "../../lib/report/tail_percentile.ts";

function quantiles(known: number): RankedQuantiles {
  const values = {
    p50: known > 0 ? 1 : null,
    p90: known > 1 ? 2 : null,
    p95: known > 2 ? 3 : null,
    p99: known > 3 ? Infinity : null,
  };
  return { observations: 20 * known, infinite: 0, all: values, okOnly: values };
}

Deno.test("the tail shown is the highest percentile that every run has observations for", () => {
  assert.deepEqual(chooseShownPercentiles([quantiles(4), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseShownPercentiles([quantiles(4), quantiles(3)]), ["p50", "p95"]);
  assert.deepEqual(chooseShownPercentiles([quantiles(4), quantiles(1)]), ["p50"]);
  assert.deepEqual(chooseShownPercentiles([quantiles(4), quantiles(0)]), ["p50", "p99"]);
  assert.deepEqual(chooseShownPercentiles([]), ["p50"]);
});

Deno.test("a tail that is not p99 is explained", () => {
  assert.equal(describeTail(["p50", "p99"]), "");
  assert.match(describeTail(["p50", "p95"]), /too few invocations for p99.*p95 stands/);
});
