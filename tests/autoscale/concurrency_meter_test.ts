import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { ConcurrencyMeter } from "../../lib/autoscale/concurrency_meter.ts";

Deno.test("ConcurrencyMeter weights requests by their time in the period", () => {
  const meter = new ConcurrencyMeter(1000);
  meter.arrive(1000);
  meter.arrive(1500);
  meter.leave(1750);
  assert.equal(meter.inFlight, 1);
  assert.equal(meter.report(2000), 1.25);
});

Deno.test("ConcurrencyMeter carries requests over into the next period", () => {
  const meter = new ConcurrencyMeter(0);
  meter.arrive(900);
  assert.equal(meter.report(1000), 0.1);
  assert.equal(meter.report(2000), 1);
  meter.leave(2000);
  assert.equal(meter.report(3000), 0);
  assert.equal(meter.report(3000), 0);
});

Deno.test("ConcurrencyMeter ignores a step back in time", () => {
  const meter = new ConcurrencyMeter(0);
  meter.arrive(500);
  meter.leave(499.9);
  meter.arrive(500);
  assert.equal(meter.report(1000), 0.5);
});

Deno.test("ConcurrencyMeter refuses an end without an arrival", () => {
  const meter = new ConcurrencyMeter(0);
  assert.throws(() => meter.leave(10), LoaderError);
});

Deno.test("ConcurrencyMeter's reports add up to the requests' times", () => {
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
      const meter = new ConcurrencyMeter(0);
      let total = 0;
      let next = 0;
      for (let second = 1; second <= 14; second++) {
        for (; next < events.length && events[next].tMs <= second * 1000; next++) {
          if (events[next].step > 0) meter.arrive(events[next].tMs);
          else meter.leave(events[next].tMs);
        }
        total += meter.report(second * 1000);
      }
      const expected = series.reduce((sum, { lastsMs }) => sum + lastsMs / 1000, 0);
      assert.equal(meter.inFlight, 0);
      assert.ok(Math.abs(total - expected) < 1e-9);
    }),
    { seed: 42 },
  );
});
