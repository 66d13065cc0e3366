import assert from "node:assert/strict";
import fc from "fast-check";
import { LARGEST_PRIORITY, TIMER_PRIORITY, VirtualClock } from "../../lib/base/virtual_clock.ts";

Deno.test("VirtualClock: events happen by due time, priority, then order of scheduling", async () => {
  const event = fc.record({
    dueMs: fc.nat(5),
    priority: fc.constantFrom(0, 1, TIMER_PRIORITY, LARGEST_PRIORITY),
    kind: fc.constantFrom("once", "again", "frequent"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 100 }), async (events) => {
      const clock = new VirtualClock();
      const happened: number[] = [];
      const handler = clock.register((i) => void happened.push(i));
      await clock.run((stop) => {
        events.forEach(({ dueMs, priority, kind }, i) => {
          if (kind === "once") clock.schedule(dueMs, priority, handler, i);
          else clock.set(clock.createEvent(priority, handler, i, kind === "frequent"), dueMs);
        });
        clock.at(6, stop);
      });
      const expected = events.map((event, i) => ({ ...event, i }))
        .sort((a, b) => a.dueMs - b.dueMs || a.priority - b.priority || a.i - b.i);
      assert.deepEqual(happened, expected.map(({ i }) => i));
    }),
    { seed: 3 },
  );
});

for (const isFrequent of [false, true]) {
  const kind = isFrequent ? "a frequent event" : "an event";
  Deno.test(`VirtualClock: ${kind} can be set again, by itself too, and taken back`, async () => {
    const clock = new VirtualClock();
    const happenedMs: number[] = [];
    let event = -1;
    const handler = clock.register(() => {
      happenedMs.push(clock.nowMs());
      if (happenedMs.length < 3) clock.set(event, clock.nowMs() + 10);
    });
    event = clock.createEvent(0, handler, 0, isFrequent);
    const other = clock.createEvent(0, clock.register(() => assert.fail("cleared")), 0, isFrequent);
    await clock.run((stop) => {
      clock.set(event, 500);
      clock.set(event, 5);
      clock.set(other, 7);
      clock.at(6, () => clock.clear(other));
      clock.at(600, stop);
    });
    assert.deepEqual(happenedMs, [5, 15, 25]);
  });
}

Deno.test("VirtualClock: an event that was cancelled leaves its number to another", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const handler = clock.register((argument) => void seen.push(argument));
  await clock.run((stop) => {
    for (let i = 0; i < 1000; i++) {
      const cancelled = clock.schedule(i, 0, handler, -1);
      clock.schedule(i, 0, handler, i);
      clock.cancel(cancelled);
    }
    clock.at(2000, stop);
  });
  assert.deepEqual(seen, Array.from({ length: 1000 }, (_, i) => i));
});

Deno.test("VirtualClock: what was going on when a run ended in an error is over in the next", async () => {
  const clock = new VirtualClock();
  const handler = clock.register(() => {
    throw new Error("broken");
  });
  await assert.rejects(clock.run(() => void clock.schedule(1, 0, handler, 0)), /broken/);
  await clock.run((stop) => clock.at(2, stop));
  assert.equal(clock.nowMs(), 2);
});

Deno.test("VirtualClock: a long run lets others have their turn", async () => {
  const clock = new VirtualClock();
  let stop = () => {};
  setTimeout(() => stop(), 0);
  await clock.run((stopRun) => {
    stop = stopRun;
    const event = clock.createEvent(
      0,
      clock.register(() => clock.set(event, clock.nowMs() + 1)),
      0,
    );
    clock.set(event, 0);
  });
  assert.ok(clock.nowMs() > 1000);
});
