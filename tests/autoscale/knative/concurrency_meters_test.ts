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
  meter.arrive(0, 900);
  assert.equal(meter.report(0, 1000), 0.1);
  assert.equal(meter.report(0, 2000), 1);
  meter.leave(0, 2000);
  assert.equal(meter.report(0, 3000), 0);
  assert.equal(meter.report(0, 3000), 0);
});

Deno.test("ConcurrencyMeters ignores a step back in time", () => {
  const meter = new ConcurrencyMeters(1, 0);
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
      for (let second = 1; second <= 14; second++) {
        for (; next < events.length && events[next].tMs <= second * 1000; next++) {
          if (events[next].step > 0) meter.arrive(0, events[next].tMs);
          else meter.leave(0, events[next].tMs);
        }
        total += meter.report(0, second * 1000);
      }
      const expected = series.reduce((sum, { lastsMs }) => sum + lastsMs / 1000, 0);
      assert.equal(meter.inFlight(0), 0);
      assert.ok(Math.abs(total - expected) < 1e-9);
    }),
    { seed: 42 },
  );
});
