import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { selectSeldom } from "../../lib/trace/seldom.ts";
import { traceWithCounts } from "../support/schedules.ts";

const TRACE = traceWithCounts([9, 0, 0], [1, 1, 1], [0, 0, 0], [2, 1, 1]);

Deno.test("selectSeldom keeps what is invoked at most so often on average, in order", () => {
  const idsAt = (mostPerMinute: number) =>
    selectSeldom(TRACE, mostPerMinute).functions.map(({ id }) => id);
  assert.deepEqual(idsAt(1), ["f1", "f2"]);
  assert.deepEqual(idsAt(3), ["f0", "f1", "f2", "f3"]);
  // It stands within sentences.
  assert.equal(selectSeldom({ ...TRACE, name: "day" }, 1).name, "day (at most 1 a minute)");
});

Deno.test("selectSeldom says so where none is left", () => {
  assert.throws(
    () => selectSeldom(traceWithCounts([5], [6]), 4),
    (error) => error instanceof LoaderError && /more often than 4 times/.test(error.message),
  );
});
