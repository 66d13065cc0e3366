import assert from "node:assert/strict";
import { Deadline } from "../../lib/clock/deadline.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";

Deno.test("Deadline: aborts when its time is over, or with another signal", async () => {
  const clock = new VirtualClock();
  const reason = new Error("too late");
  const stop = new AbortController();
  const passed = new Deadline(clock, 100, { reason });
  const stopped = new Deadline(clock, 100, { reason, signal: stop.signal });
  const disposed = new Deadline(clock, 100, { reason });
  await clock.run((end) => {
    clock.at(99, () => {
      assert.equal(passed.signal.aborted, false);
      stop.abort("stopped");
      disposed[Symbol.dispose]();
    });
    clock.at(101, end);
  });
  assert.equal(passed.signal.reason, reason);
  assert.equal(passed.hasPassed, true);
  assert.equal(stopped.signal.reason, "stopped");
  assert.equal(disposed.signal.aborted, false);
  assert.equal(disposed.hasPassed, false);
});
