import fc from "fast-check";
import assert from "node:assert/strict";
import { VirtualClock } from "../../../lib/clock/virtual_clock.ts";
import { DeadlineQueue } from "../../../lib/rpc/transport/deadline_queue.ts";

const SLOTS = 12;

Deno.test("DeadlineQueue: every slot that was not cleared is due once, in time and in order", async () => {
  const step = fc.record({
    atMs: fc.integer({ min: 0, max: 300 }),
    slot: fc.integer({ min: 0, max: SLOTS - 1 }),
    // In the past, too.
    delayMs: fc.option(fc.integer({ min: -20, max: 100 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new VirtualClock();
      /** Due times of the slots that have one. */
      const model = new Map<number, number>();
      const setMs = new Array<number>(SLOTS).fill(0);
      let lastDueMs = -Infinity;
      const queue = new DeadlineQueue(clock, SLOTS, (slot) => {
        const dueMs = model.get(slot);
        assert.ok(dueMs !== undefined, "due once, and not when cleared");
        assert.ok(dueMs <= clock.nowMs(), "not early");
        assert.equal(Math.min(...model.values()), dueMs, "the first first");
        model.delete(slot);
        lastDueMs = dueMs;
        // One that is set meanwhile counts too.
        if (slot === 0 && clock.nowMs() < 250) {
          model.set(0, clock.nowMs() + 7);
          queue.set(0, clock.nowMs() + 7);
        }
      });
      await clock.run((stop) => {
        for (const { atMs, slot, delayMs } of steps) {
          clock.at(atMs, () => {
            for (const waiting of model.keys()) {
              const latestMs = Math.max(model.get(waiting)!, setMs[waiting]);
              assert.ok(latestMs >= clock.nowMs(), "not late");
            }
            queue.clear(slot);
            model.delete(slot);
            if (delayMs === null) return;
            const dueMs = clock.nowMs() + delayMs;
            queue.set(slot, dueMs);
            model.set(slot, dueMs);
            setMs[slot] = clock.nowMs();
          });
        }
        clock.at(1000, stop);
      });
      assert.deepEqual([...model], [], "all were due");
      assert.ok(lastDueMs <= 1000);
    }),
    { seed: 7, numRuns: 300 },
  );
});

Deno.test("DeadlineQueue: after close nothing is due, even when it closes on a due time", async () => {
  const clock = new VirtualClock();
  const due: number[] = [];
  const queue = new DeadlineQueue(clock, 4, (slot) => {
    due.push(slot);
    queue.close();
  });
  await clock.run((stop) => {
    queue.set(0, 10);
    queue.set(1, 10);
    queue.set(2, 20);
    clock.at(15, () => queue.set(3, 16));
    clock.at(100, stop);
  });
  assert.deepEqual(due, [0]);
});

Deno.test("DeadlineQueue: calls that end in time leave one timer, not one each", async () => {
  const clock = new VirtualClock();
  let armed = 0;
  const counting = {
    originUnixMs: 0,
    isVirtual: true,
    waitingMs: 0,
    nowMs: () => clock.nowMs(),
    alarm: () => assert.fail("no alarm"),
    run: () => assert.fail("no run"),
    at(dueMs: number, callback: () => void) {
      armed++;
      return clock.at(dueMs, callback);
    },
  };
  const queue = new DeadlineQueue(counting, 1000, () => assert.fail("none is due"));
  await clock.run((stop) => {
    for (let i = 0; i < 10_000; i++) {
      clock.at(i / 100, () => {
        queue.clear(i % 1000);
        queue.set(i % 1000, clock.nowMs() + 30);
      });
    }
    clock.at(100, () => {
      for (let slot = 0; slot < 1000; slot++) queue.clear(slot);
    });
    clock.at(1000, stop);
  });
  // Once in the time-out of 30 ms.
  assert.ok(armed <= 6, `${armed}`);
});
