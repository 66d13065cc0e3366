import assert from "node:assert/strict";
import { rankMeasure } from "../../lib/analyze/ranked_quantiles.ts";
import { invocationTable } from "../support/invocation_rows.ts";

Deno.test("quantiles of a measure: none with fewer than ten invocations beyond it", () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ scheduledMs: 0, completedMs: i + 1 }));
  const table = invocationTable([
    ...rows,
    // Neither of these has a rank.
    { scheduledMs: 0, outcome: "cancelled" },
    { scheduledMs: 0, dispatchedMs: null, completedMs: null, outcome: "dropped" },
  ]);
  const quantiles = [0.25, 0.26, 0.5, 0.75, 0.76];
  assert.deepEqual(rankMeasure(table, table.completedMs, quantiles), [null, 11, 20, 30, null]);
});
