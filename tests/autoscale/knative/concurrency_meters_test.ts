import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { ConcurrencyMeters } from "../../../lib/autoscale/knative/concurrency_meters.ts";

Deno.test("ConcurrencyMeters weights requests by their time in the period", () => {
  const meter = new ConcurrencyMeters(1, 1000);
  meter.arrive(0, 1000);
  meter.arrive(0, 1500);
  meter.leave(0, 1750);
  assert.equal(meter.inFlight(0), 1);
  assert.equal(meter.report(0, 2000), 1.25);
});

Deno.test("ConcurrencyMeters carries requests over into the next period", () => {
  const meter = new ConcurrencyMeters(1, 0);
  meter.arrive(0, 0);
  meter.leave(0, 100);
  meter.arrive(0, 900);
  assert.equal(meter.report(0, 1000), 0.2);
  assert.equal(meter.report(0, 2000), 1);
  meter.leave(0, 2000);
  assert.equal(meter.report(0, 3000), 0);
  assert.equal(meter.report(0, 3000), 0);
});

Deno.test("ConcurrencyMeters begins anew with the first request after a report of zero", () => {
  const meter = new ConcurrencyMeters(1, 0);
  assert.equal(meter.isCounted(0), false);
  meter.arrive(0, 900);
  assert.equal(meter.isCounted(0), true);
  meter.leave(0, 950);
  // Half of the time since it came, not of the whole second.
  assert.equal(meter.report(0, 1000), 0.5);
  assert.equal(meter.isCounted(0), true);
  assert.equal(meter.report(0, 2000), 0);
  assert.equal(meter.isCounted(0), false);
  meter.arrive(0, 2750);
  assert.equal(meter.report(0, 3000), 1);
});

Deno.test("ConcurrencyMeters counts idle functions too where instances report themselves", () => {
  const meter = new ConcurrencyMeters(1, 0, false);
  assert.equal(meter.report(0, 1000), 0);
  assert.equal(meter.isCounted(0), true);
  meter.arrive(0, 1900);
  assert.equal(meter.report(0, 2000), 0.1);
});

Deno.test("ConcurrencyMeters ignores a step back in time", () => {
  const meter = new ConcurrencyMeters(1, 0, false);
  meter.arrive(0, 500);
  meter.leave(0, 499.9);
  meter.arrive(0, 500);
  assert.equal(meter.report(0, 1000), 0.5);
});

Deno.test("ConcurrencyMeters refuses an end without an arrival", () => {
  const meter = new ConcurrencyMeters(1, 0);
  assert.throws(() => meter.leave(0, 10), LoaderError);
});

Deno.test("ConcurrencyMeters's reports add up to the requests' times", () => {
  const requests = fc.array(
    fc.record({
      arriveMs: fc.integer({ min: 0, max: 9000 }),
      lastsMs: fc.integer({ min: 0, max: 5000 }),
    }),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(requests, (series) => {
      const events = [
        ...series.map(({ arriveMs }) => ({ tMs: arriveMs, step: 1 })),
        ...series.map(({ arriveMs, lastsMs }) => ({ tMs: arriveMs + lastsMs, step: -1 })),
      ].sort((a, b) => a.tMs - b.tMs || b.step - a.step);
      const meter = new ConcurrencyMeters(1, 0);
      let total = 0;
      let next = 0;
      let fromMs = 0;
      for (let second = 1; second <= 14; second++) {
        for (; next < events.length && events[next].tMs <= second * 1000; next++) {
          const { tMs, step } = events[next];
          if (!meter.isCounted(0)) fromMs = tMs;
          if (step > 0) meter.arrive(0, tMs);
          else meter.leave(0, tMs);
        }
        // Each is over the time since the one before, or since the count began.
        total += meter.report(0, second * 1000) * (second * 1000 - fromMs) / 1000;
        fromMs = second * 1000;
      }
      const expected = series.reduce((sum, { lastsMs }) => sum + lastsMs / 1000, 0);
      assert.equal(meter.inFlight(0), 0);
      assert.ok(Math.abs(total - expected) < 1e-9);
    }),
    { seed: 42 },
  );
});
