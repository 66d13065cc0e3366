import assert from "node:assert/strict";
import { countSlow } from "../../lib/preflight/run_expectation.ts";
import { invocationTable } from "../support/invocation_rows.ts";

Deno.test("preflight: slow is what is above the limit or not ok, and nothing that was not made", () => {
  const row = { scheduledMs: 1000, dispatchedMs: 1001, requestedRuntimeMs: 10 };
  const table = invocationTable([
    { ...row, completedMs: 1100 },
    { ...row, completedMs: 1101 },
    { ...row, completedMs: 1002, outcome: "rejected" },
    { ...row, completedMs: 1002, outcome: "cancelled" },
    { scheduledMs: 2000, outcome: "cancelled" },
    { scheduledMs: 2000, outcome: "unsent" },
  ]);
  assert.equal(countSlow(table, 10), 3);
  assert.equal(countSlow(table, 1000), 2);
});
