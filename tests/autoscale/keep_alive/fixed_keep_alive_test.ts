import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { FixedKeepAlive } from "../../../lib/autoscale/keep_alive/fixed_keep_alive.ts";
import { simulateKeepAlive } from "./keep_alive_simulation.ts";

const MINUTE_MS = 60_000;

Deno.test("FixedKeepAlive keeps an instance for exactly its time, whatever came before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 240 }),
      fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 20 }),
      (minutes, times) => {
        const policy = new FixedKeepAlive(minutes);
        for (const tMs of times.sort((a, b) => a - b)) {
          policy.onArrival(0, tMs, true);
          policy.onCompletion(0, tMs, 1);
          assert.equal(policy.keepUntilMs(0, tMs), tMs + minutes * MINUTE_MS);
          assert.ok(Number.isNaN(policy.prewarmAtMs(0, tMs)));
        }
      },
    ),
    { seed: 42 },
  );
});

Deno.test("FixedKeepAlive is warm up to its time, inclusive, and cold after it", () => {
  // Idle for 10 minutes exactly, then for a millisecond more, then for 20 minutes.
  const arrivalsMs = [0, 601_000, 1_202_001, 2_404_001];
  const coldWith = (minutes: number) =>
    simulateKeepAlive({
      functions: [{
        arrivalsMs,
        serviceMs: [1000, 1000, 1000, 1000],
        coldStartMs: 0,
        memoryMib: 128,
      }],
      policy: new FixedKeepAlive(minutes),
      untilMs: 1e7,
    });
  assert.deepEqual(coldWith(10), { cold: 3, rejected: 0, wastedMs: [4 * 600_000] });
  // The last idle time is 20 minutes and 1 s long.
  assert.deepEqual(coldWith(20), {
    cold: 2,
    rejected: 0,
    wastedMs: [600_000 + 600_001 + 2 * 1_200_000],
  });
  assert.equal(coldWith(0).cold, 4);
});

Deno.test("FixedKeepAlive refuses a time that is none", () => {
  for (const minutes of [-1, NaN, Infinity]) {
    assert.throws(() => new FixedKeepAlive(minutes), LoaderError);
  }
});
