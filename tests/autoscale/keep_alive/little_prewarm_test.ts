import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { LittlePrewarm } from "../../../lib/autoscale/keep_alive/little_prewarm.ts";
import { FixedKeepAlive } from "../../../lib/autoscale/keep_alive/fixed_keep_alive.ts";
import { simulateKeepAlive } from "./keep_alive_simulation.ts";

/** A policy that saw invocations of one length at one rate, up to a time. */
function policyUnder(
  load: { everyMs: number; serviceMs: number; untilMs: number; headroom?: number },
): LittlePrewarm {
  const policy = new LittlePrewarm({ functions: 1, windowMs: 60_000, headroom: load.headroom });
  for (let tMs = 0; tMs < load.untilMs; tMs += load.everyMs) {
    if (tMs >= load.serviceMs) policy.onCompletion(0, tMs, load.serviceMs);
    policy.onArrival(0, tMs, false);
  }
  return policy;
}

Deno.test("LittlePrewarm wants arrival rate times service time, and a tenth more", () => {
  const tenBusy = { everyMs: 200, serviceMs: 2000 };
  for (const untilMs of [6000, 60_000, 63_000, 600_000]) {
    assert.equal(policyUnder({ ...tenBusy, untilMs }).desiredInstances(0, untilMs), 11);
  }
  // 110 × 1.1 is 121.00000000000001 in floating point.
  const many = policyUnder({ everyMs: 20, serviceMs: 2200, untilMs: 60_000 });
  assert.equal(many.desiredInstances(0, 60_000), 121);
  const exactly = policyUnder({ ...tenBusy, untilMs: 60_000, headroom: 1 });
  assert.equal(exactly.desiredInstances(0, 60_000), 10);
  const twice = policyUnder({ ...tenBusy, untilMs: 60_000, headroom: 2 });
  assert.equal(twice.desiredInstances(0, 60_000), 20);
});

Deno.test("LittlePrewarm wants one of a function called rarely, and none after the window", () => {
  const policy = new LittlePrewarm({ functions: 2, windowMs: 60_000 });
  assert.equal(policy.desiredInstances(0, 1000), 0);
  policy.onArrival(0, 3000, true);
  assert.equal(policy.desiredInstances(0, 4000), 1);
  policy.onCompletion(0, 5000, 2000);
  assert.equal(policy.desiredInstances(0, 59_000), 1);
  assert.equal(policy.desiredInstances(0, 66_000), 0);
  assert.equal(policy.desiredInstances(1, 66_000), 0);
});

Deno.test("LittlePrewarm goes by the last service time where nothing ended in the window", () => {
  const policy = policyUnder({ everyMs: 200, serviceMs: 2000, untilMs: 60_000 });
  // Silence, then arrivals that have not ended yet: 5 a second again, over a tenth of the window.
  for (let tMs = 300_000; tMs < 306_000; tMs += 200) policy.onArrival(0, tMs, true);
  // 30 arrivals in the 54 s covered, 2 s each, a tenth more: 1.2.
  assert.equal(policy.desiredInstances(0, 306_000), 2);
});

Deno.test("LittlePrewarm equals Little's law over the buckets of its window", () => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 9000 }) },
        fc.integer({ min: 0, max: 90_000 }),
      ),
      serviceMs: fc.integer({ min: 1, max: 5000 }),
    }),
    { minLength: 1, maxLength: 120 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 70_000 }), (series, waitMs) => {
      const policy = new LittlePrewarm({ functions: 1, windowMs: 30_000, headroom: 1 });
      const seen: { atMs: number; serviceMs: number }[] = [];
      let tMs = 0;
      for (const { gapMs, serviceMs } of series) {
        tMs += gapMs;
        policy.onArrival(0, tMs, false);
        policy.onCompletion(0, tMs, serviceMs);
        seen.push({ atMs: tMs, serviceMs });
      }
      tMs += waitMs;
      const fromMs = Math.max(0, (Math.floor(tMs / 3000) - 9) * 3000);
      const recent = seen.filter(({ atMs }) => atMs >= fromMs);
      const inService = recent.reduce((sum, { serviceMs }) => sum + serviceMs, 0) /
        (tMs - fromMs);
      const desired = recent.length === 0 ? 0 : Math.ceil(inService - 1e-9);
      assert.equal(policy.desiredInstances(0, tMs), desired);
    }),
    { seed: 42, numRuns: 400 },
  );
});

Deno.test("LittlePrewarm keeps what exceeds the wanted for one tick", () => {
  const policy = new LittlePrewarm({ functions: 1, tickMs: 2000 });
  assert.equal(policy.tickMs, 2000);
  assert.equal(policy.keepUntilMs(0, 500), 2500);
});

Deno.test("LittlePrewarm holds instances through gaps that a tick's keep-alive does not bridge", () => {
  // Three at once every 25 s, each for 20 s: 2.4 in service, so 3 kept.
  const arrivalsMs = Array.from({ length: 120 }, (_, i) => Math.floor(i / 3) * 25_000);
  const options = {
    functions: [{
      arrivalsMs,
      serviceMs: arrivalsMs.map(() => 20_000),
      coldStartMs: 300,
      memoryMib: 128,
    }],
    untilMs: 40 * 25_000,
  };
  const little = simulateKeepAlive({
    ...options,
    policy: new LittlePrewarm({ functions: 1, windowMs: 100_000, tickMs: 2000 }),
  });
  const tick = simulateKeepAlive({ ...options, policy: new FixedKeepAlive(2 / 60) });
  assert.equal(tick.cold, 120);
  assert.ok(little.cold <= 12, `${little.cold} cold`);
});

Deno.test("LittlePrewarm refuses options out of their range", () => {
  const refused = [{ functions: -1 }, { functions: 1, windowMs: 0 }, { functions: 1, tickMs: 0 }, {
    functions: 1,
    headroom: 0,
  }];
  for (const options of refused) assert.throws(() => new LittlePrewarm(options), LoaderError);
});
