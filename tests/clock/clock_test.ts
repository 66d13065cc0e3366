import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clock, RealClock, sleep } from "../../lib/clock/clock.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { SliceWaiter } from "../../lib/clock/waiter.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";

Deno.test("VirtualClock: timers fire in order of due time, equal ones in order of arming", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1 }), async (dues) => {
      const clock = new VirtualClock();
      const fired: [number, number][] = [];
      await clock.run((stop) => {
        dues.forEach((due, i) =>
          clock.at(due, () => {
            fired.push([clock.nowMs(), i]);
          })
        );
        clock.at(100, stop);
      });
      const expected = dues.map((due, i) => [due, i]).sort(([a, i], [b, j]) => a - b || i - j);
      assert.deepEqual(fired, expected);
    }),
    { seed: 1 },
  );
});

Deno.test("VirtualClock: a cancelled timer does not fire", async () => {
  const clock = new VirtualClock();
  let fired = false;
  await clock.run((stop) => {
    clock.at(5, () => {
      fired = true;
    }).cancel();
    clock.at(10, stop);
  });
  assert.equal(fired, false);
});

Deno.test("VirtualClock: a timer in the past fires now, time never goes back", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  await clock.run((stop) => {
    clock.at(10, () => {
      clock.at(3, () => {
        seen.push(clock.nowMs());
        stop();
      });
    });
  });
  assert.deepEqual(seen, [10]);
});

Deno.test("VirtualClock: waits for the promise of a callback", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  await clock.run((stop) => {
    clock.at(1, async () => {
      await Promise.resolve();
      order.push("scrape");
    });
    clock.at(2, () => {
      order.push("next");
      stop();
    });
  });
  assert.deepEqual(order, ["scrape", "next"]);
});

Deno.test("VirtualClock: a run with nothing left to happen is an error, not a hang", async () => {
  await assert.rejects(new VirtualClock().run(() => {}), LoaderError);
});

Deno.test("VirtualClock: an error in a timer ends the run with it", async () => {
  const clock = new VirtualClock();
  await assert.rejects(
    clock.run(() => {
      clock.at(1, () => {
        throw new Error("broken");
      });
    }),
    /broken/,
  );
});

Deno.test("RealClock: never fires early, and an error in a timer ends the run with it", async () => {
  const clock = new RealClock();
  let early = 0;
  await clock.run((stop) => {
    for (let due = 0; due < 20; due += 0.7) {
      clock.at(due, () => {
        if (clock.nowMs() < due) early++;
      });
    }
    clock.at(30, stop);
  });
  assert.equal(early, 0);
  await assert.rejects(
    clock.run(() => {
      clock.at(0, () => {
        throw new Error("broken");
      });
    }),
    /broken/,
  );
});

Deno.test("sleep: an abort ends it with its reason", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, 1000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
  await assert.rejects(sleep(clock, 1, controller.signal), /enough/);
});

/** Every clock there is, the real one with each way of waiting. */
const CLOCKS: readonly (readonly [string, () => Clock])[] = [
  ["VirtualClock", () => new VirtualClock()],
  ["RealClock", () => new RealClock()],
  ["RealClock, in slices", () => new RealClock(() => new SliceWaiter("for a test"))],
];

for (const [name, create] of CLOCKS) {
  Deno.test(`alarm of ${name}: rings once for each time it was set, never early`, async () => {
    const clock = create();
    const dues = [0, 0.3, 0.3, 2.5, 7, 7.1, 12];
    const rangAt: number[] = [];
    await clock.run((stop) => {
      const startMs = clock.nowMs();
      const alarm = clock.alarm(() => {
        rangAt.push(clock.nowMs() - startMs);
        if (rangAt.length === dues.length) stop();
        else alarm.set(startMs + dues[rangAt.length]);
      });
      alarm.set(startMs + dues[0]);
    });
    assert.equal(rangAt.length, dues.length);
    rangAt.forEach((ms, i) => assert.ok(ms >= dues[i], `${ms} is before ${dues[i]}`));
  });

  Deno.test(`alarm of ${name}: what is set replaces what was, what is cleared does not ring`, async () => {
    const clock = create();
    const rang: string[] = [];
    await clock.run((stop) => {
      const startMs = clock.nowMs();
      const cleared = clock.alarm(() => void rang.push("cleared"));
      cleared.set(startMs + 2);
      cleared.clear();
      // While it may be yielding already, it is set to a time that is farther off.
      const later = clock.alarm(() => {
        rang.push("later");
        assert.ok(clock.nowMs() >= startMs + 9);
        stop();
      });
      later.set(startMs + 1);
      const sooner = clock.alarm(() => {
        rang.push("sooner");
        later.set(startMs + 9);
      });
      later.set(startMs + 60_000);
      sooner.set(startMs + 60_000);
      sooner.set(startMs + 3);
    });
    assert.deepEqual(rang, ["sooner", "later"]);
  });

  Deno.test(`alarm of ${name}: an error in it ends the run`, async () => {
    const clock = create();
    await assert.rejects(
      clock.run(() =>
        clock.alarm(() => {
          throw new Error("broken");
        }).set(clock.nowMs() + 1)
      ),
      /broken/,
    );
  });
}

Deno.test("waitingMs: never more than has passed", async () => {
  const clock = new RealClock();
  const startMs = clock.nowMs();
  await clock.run((stop) => clock.alarm(stop).set(startMs + 5));
  const passedMs = clock.nowMs() - startMs;
  assert.ok(clock.waitingMs >= 0 && clock.waitingMs <= passedMs);
});
