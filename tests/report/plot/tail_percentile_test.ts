import assert from "node:assert/strict";
import type { RankedQuantiles } from "../../../lib/analyze/ranked_quantiles.ts";
import {
  chooseDrawnPercentiles,
  chooseListedPercentiles,
} from "../../../lib/report/plot/tail_percentile.ts";

/** The first `known` of p50, p90, p95 and p99 have enough observations. */
function quantiles(known: number): RankedQuantiles {
  const values = {
    p50: known > 0 ? 1 : null,
    p90: known > 1 ? 2 : null,
    p95: known > 2 ? 3 : null,
    p99: known > 3 ? Infinity : null,
  };
  return { observations: 20 * known, infinite: 0, all: values, okOnly: values };
}

Deno.test("a figure draws the highest percentile that any run has, so that no p99 is hidden", () => {
  assert.deepEqual(chooseDrawnPercentiles([quantiles(4), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseDrawnPercentiles([quantiles(1), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseDrawnPercentiles([quantiles(2), quantiles(3)]), ["p50", "p95"]);
  assert.deepEqual(chooseDrawnPercentiles([quantiles(1), quantiles(0)]), ["p50"]);
  assert.deepEqual(chooseDrawnPercentiles([]), ["p50"]);
});

Deno.test("a table lists beside it the highest percentile that every run has", () => {
  assert.deepEqual(chooseListedPercentiles([quantiles(4), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseListedPercentiles([quantiles(3), quantiles(4)]), ["p50", "p95", "p99"]);
  assert.deepEqual(chooseListedPercentiles([quantiles(1), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseListedPercentiles([quantiles(0), quantiles(4)]), ["p50", "p99"]);
  assert.deepEqual(chooseListedPercentiles([]), ["p50"]);
});
