import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { selectInvoked, selectSeldom } from "../../../lib/trace/sample/selection.ts";
import { traceWithCounts } from "../../support/schedules.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

Deno.test("selectInvoked: leaves out what is never invoked", () => {
  const idle = profileOf({ id: "idle", invocationsPerSlot: SlotCounts.none(2) });
  const invoked = ["f0", "f1"].map((id) =>
    profileOf({ id, invocationsPerSlot: SlotCounts.from([0, 1]) })
  );
  const trace = traceOf([idle, ...invoked]);
  assert.deepEqual(selectInvoked(trace).functions, invoked);
});

const OFTEN_TO_NEVER = traceWithCounts([9, 0, 0], [1, 1, 1], [0, 0, 0], [2, 1, 1]);

Deno.test("selectSeldom keeps what is invoked at most so often on average, in order", () => {
  const idsAt = (mostPerMinute: number) =>
    selectSeldom(OFTEN_TO_NEVER, mostPerMinute).functions.map(({ id }) => id);
  assert.deepEqual(idsAt(1), ["f1", "f2"]);
  assert.deepEqual(idsAt(3), ["f0", "f1", "f2", "f3"]);
  // It stands within sentences.
  assert.equal(
    selectSeldom({ ...OFTEN_TO_NEVER, name: "day" }, 1).name,
    "day (at most 1 a minute)",
  );
});

Deno.test("selectSeldom says so where none is left", () => {
  assert.throws(
    () => selectSeldom(traceWithCounts([5], [6]), 4),
    (error) => error instanceof LoaderError && /more often than 4 times/.test(error.message),
  );
});
