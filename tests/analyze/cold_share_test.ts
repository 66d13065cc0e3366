import assert from "node:assert/strict";
import { deriveColdShares } from "../../lib/analyze/cold_invocation.ts";
import { invocationTable } from "../support/invocation_rows.ts";

Deno.test("cold shares: counts by function, of what is known", () => {
  const table = invocationTable([
    { functionId: "a", scheduledMs: 0, coldStart: true },
    { functionId: "b", scheduledMs: 1, coldStart: false },
    { functionId: "a", scheduledMs: 2, coldStart: false },
    { functionId: "a", scheduledMs: 3, coldStart: null, outcome: "rejected" },
    { functionId: "c", scheduledMs: 4, coldStart: null },
  ]);
  assert.deepEqual(deriveColdShares(table), [
    { functionId: "a", invocations: 2, cold: 1 },
    { functionId: "b", invocations: 1, cold: 0 },
  ]);
});
