import assert from "node:assert/strict";
import fc from "fast-check";
import { LARGEST_PRIORITY, TIMER_PRIORITY, VirtualClock } from "../../lib/clock/virtual_clock.ts";

Deno.test("VirtualClock: events happen by due time, priority, then order of scheduling", async () => {
  const event = fc.record({
    dueMs: fc.nat(5),
    priority: fc.constantFrom(0, 1, TIMER_PRIORITY, LARGEST_PRIORITY),
    kind: fc.constantFrom("once", "again"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 100 }), async (events) => {
      const clock = new VirtualClock();
      const happened: number[] = [];
      const handler = clock.register((i) => void happened.push(i));
      await clock.run((stop) => {
        events.forEach(({ dueMs, priority, kind }, i) => {
          if (kind === "once") clock.schedule(dueMs, priority, handler, i);
          else clock.set(clock.createEvent(priority, handler, i), dueMs);
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

for (const kind of ["event", "alarm"]) {
  Deno.test(`VirtualClock: an ${kind} can be set again, by itself too, and taken back`, async () => {
    const clock = new VirtualClock();
    const create = (callback: () => void) => {
      if (kind === "alarm") return clock.alarm(callback);
      const event = clock.createEvent(0, clock.register(callback), 0);
      return {
        set: (dueMs: number) => clock.set(event, dueMs),
        clear: () => clock.clear(event),
      };
    };
    const happenedMs: number[] = [];
    const again = create(() => {
      happenedMs.push(clock.nowMs());
      if (happenedMs.length < 3) again.set(clock.nowMs() + 10);
    });
    const other = create(() => assert.fail("cleared"));
    await clock.run((stop) => {
      again.set(500);
      again.set(5);
      other.set(7);
      clock.at(6, () => other.clear());
      clock.at(600, stop);
    });
    assert.deepEqual(happenedMs, [5, 15, 25]);
  });
}

Deno.test("VirtualClock: what travels on lines arrives in the order of events at its time", async () => {
  const dispatch = fc.record({ atMs: fc.nat(20), way: fc.nat(9) });
  await fc.assert(
    fc.asyncProperty(fc.array(dispatch, { maxLength: 300 }), async (dispatches) => {
      const clock = new VirtualClock();
      const arrived: (readonly [timeMs: number, way: number, i: number])[] = [];
      const arrive = (way: number, i: number) => void arrived.push([clock.nowMs(), way, i]);
      // More lines than a clock has room for at first, and one that is an event each time.
      const delayOf = (way: number) => way % 4;
      const priorityOf = (way: number) => way % 3;
      const lines = Array.from(
        { length: 9 },
        (_, way) => clock.createDelayLine(priorityOf(way), delayOf(way), arrive),
      );
      const event = clock.register((i) => arrive(9, i));
      const sorted = dispatches.map((each) => each).sort((a, b) => a.atMs - b.atMs);
      const send = clock.register((i) => {
        const { way } = sorted[i];
        if (way < 9) return lines[way].send(way, i);
        clock.schedule(clock.nowMs() + delayOf(9), priorityOf(9), event, i);
      });
      await clock.run((stop) => {
        // Sent after everything of its time has arrived: nothing here waits for the same time.
        sorted.forEach(({ atMs }, i) => void clock.schedule(atMs + 0.5, LARGEST_PRIORITY, send, i));
        clock.at(100, stop);
      });
      const expected = sorted.map(({ atMs, way }, i) =>
        [atMs + 0.5 + delayOf(way), way, i] as const
      );
      expected.sort((a, b) => a[0] - b[0] || orderOf(a[1]) - orderOf(b[1]) || a[2] - b[2]);
      assert.deepEqual(arrived, expected);

      function orderOf(way: number): number {
        // What takes no time is sent after all that is due then, and arrives at once.
        return delayOf(way) === 0 ? LARGEST_PRIORITY : priorityOf(way);
      }
    }),
    { seed: 4 },
  );
});

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

Deno.test("VirtualClock: signals are heard, though every event returns a promise that has settled", async () => {
  const clock = new VirtualClock();
  let heard = false;
  const listener = () => void (heard = true);
  Deno.addSignalListener("SIGUSR2", listener);
  const untilMs = performance.now() + 60_000;
  try {
    await clock.run((stop) => {
      const scrape = () => {
        if (heard || performance.now() > untilMs) return stop();
        clock.at(clock.nowMs() + 1, () => {
          scrape();
          return Promise.resolve();
        });
      };
      Deno.kill(Deno.pid, "SIGUSR2");
      scrape();
    });
  } finally {
    Deno.removeSignalListener("SIGUSR2", listener);
  }
  assert.ok(heard);
});

Deno.test("VirtualClock: signals are heard between runs that are short", async () => {
  const clock = new VirtualClock();
  let heard = false;
  const listener = () => void (heard = true);
  Deno.addSignalListener("SIGUSR2", listener);
  const untilMs = performance.now() + 60_000;
  try {
    Deno.kill(Deno.pid, "SIGUSR2");
    while (!heard && performance.now() < untilMs) {
      await clock.run((stop) => void clock.at(clock.nowMs() + 1, stop));
    }
  } finally {
    Deno.removeSignalListener("SIGUSR2", listener);
  }
  assert.ok(heard);
});
