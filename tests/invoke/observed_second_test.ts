import assert from "node:assert/strict";
import { ObservedSecond } from "../../lib/invoke/observed_second.ts";

Deno.test("seconds that are joined: counts are added, the largest is kept", () => {
  const one = new ObservedSecond();
  const other = new ObservedSecond();
  Object.assign(one, { due: 1, dispatched: 2, completed: 3, dropped: 4, unsent: 5, peerWaits: 6 });
  Object.assign(one, { peerWaitMaxMs: 9, lagMaxMs: 1 });
  Object.assign(other, { due: 10, dispatched: 20, completed: 30, dropped: 40 });
  Object.assign(other, { unsent: 50, peerWaits: 60, peerWaitMaxMs: 7, loopDelayMaxMs: 2 });
  one.add(other);
  assert.deepEqual(
    [one.due, one.dispatched, one.completed, one.dropped, one.unsent, one.peerWaits],
    [11, 22, 33, 44, 55, 66],
  );
  assert.deepEqual([one.peerWaitMaxMs, one.lagMaxMs, one.loopDelayMaxMs], [9, 1, 2]);
});
