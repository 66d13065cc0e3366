import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { MaximumWindow, MetricWindow } from "../../../lib/autoscale/knative/metric_window.ts";

function createWindow(windowMs: number, weighted = false): MetricWindow {
  return new MetricWindow({ windowMs, granularityMs: 1000, weighted });
}

Deno.test("MetricWindow averages over the buckets since the first value", () => {
  const window = createWindow(60_000);
  assert.equal(window.average(0), 0);
  window.record(5000, 6);
  assert.equal(window.average(5999), 6);
  window.record(6000, 2);
  assert.equal(window.average(6000), 4);
});

Deno.test("MetricWindow adds the values of one bucket up", () => {
  const window = createWindow(6000);
  window.record(1000, 1);
  window.record(1999, 2);
  assert.equal(window.average(1999), 3);
});

Deno.test("MetricWindow counts a gap between values as zeros, but not the silence after", () => {
  const window = createWindow(60_000);
  window.record(0, 8);
  window.record(3000, 8);
  assert.equal(window.average(3000), 4);
  assert.equal(window.average(40_000), 4);
});

Deno.test("MetricWindow forgets what has left the window, and starts anew after it", () => {
  const window = createWindow(3000);
  for (const [second, value] of [9, 3, 6, 0].entries()) window.record(second * 1000, value);
  assert.equal(window.average(3000), 3);
  assert.equal(window.average(4000), 3); // (6 + 0) / 2
  assert.equal(window.average(5000), 0);
  assert.equal(window.average(6000), 0);
  window.record(9000, 5);
  assert.equal(window.average(9000), 5);
});

Deno.test("MetricWindow takes a late value into its bucket unless that has left the window", () => {
  const window = createWindow(3000);
  window.record(10_000, 3);
  window.record(9000, 1);
  assert.equal(window.average(10_000), 2);
  window.record(7000, 100);
  assert.equal(window.average(10_000), 2);
});

Deno.test("MetricWindow works before time 0, as clocks may start late", () => {
  const window = createWindow(3000);
  window.record(-1500, 2);
  window.record(500, 4);
  assert.equal(window.average(500), 2);
});

Deno.test("MetricWindow weights recent buckets more, by a decay of 0.2 in long windows", () => {
  const window = createWindow(60_000, true);
  window.record(0, 10);
  window.record(1000, 5);
  assert.ok(Math.abs(window.average(1000) - (5 * 0.2 + 10 * 0.2 * 0.8)) < 1e-12);
  assert.ok(Math.abs(window.average(3000) - 0.64 * (5 * 0.2 + 10 * 0.2 * 0.8)) < 1e-12);
  assert.equal(window.average(61_000), 0);
});

Deno.test("MetricWindow of six buckets decays so that the weights sum to 0.9999", () => {
  const window = createWindow(6000, true);
  for (let second = 0; second < 6; second++) window.record(second * 1000, 1);
  assert.ok(Math.abs(window.average(5000) - 0.9999) < 1e-12);
});

Deno.test("MetricWindow refuses widths that are not positive", () => {
  for (const windowMs of [0, -1, NaN, Infinity]) {
    assert.throws(
      () => createWindow(windowMs),
      (error) => error instanceof LoaderError && error.code === "usage",
    );
  }
});

const values = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 0, max: 5000 }),
    value: fc.integer({ min: 0, max: 100_000 }).map((hundredths) => hundredths / 100),
  }),
  { minLength: 1, maxLength: 100 },
);

/** The plain average by its definition, from all values ever recorded. */
function averageOf(sums: Map<number, number>, length: number, now: number): number {
  const written = [...sums.keys()].sort((a, b) => a - b);
  const last = written[written.length - 1];
  let first = written[0];
  for (let i = 1; i < written.length; i++) {
    if (written[i] - written[i - 1] >= length) first = written[i];
  }
  let total = 0;
  for (const [bucket, sum] of sums) {
    if (bucket >= first && bucket > now - length) total += sum;
  }
  const count = Math.min(last - first + 1, length - (now - last));
  return count <= 0 ? 0 : total / count;
}

Deno.test("MetricWindow equals the average by definition", () => {
  fc.assert(
    fc.property(
      values,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 20_000 }),
      (series, length, waitMs) => {
        const window = createWindow(length * 1000);
        const sums = new Map<number, number>();
        let tMs = 0;
        for (const { gapMs, value } of series) {
          tMs += gapMs;
          window.record(tMs, value);
          const bucket = Math.floor(tMs / 1000);
          sums.set(bucket, (sums.get(bucket) ?? 0) + value);
        }
        tMs += waitMs;
        const expected = averageOf(sums, length, Math.floor(tMs / 1000));
        // The average is cut after six decimals, never raised.
        const below = expected - window.average(tMs);
        return below > -1e-8 && below < 1e-6 + 1e-8;
      },
    ),
    { seed: 42, numRuns: 500 },
  );
});

Deno.test("MetricWindow's average lies between the least and the greatest bucket", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 90 }),
      fc.boolean(),
      (series, weighted) => {
        const window = createWindow(60_000, weighted);
        series.forEach((value, second) => window.record(second * 1000, value));
        const average = window.average((series.length - 1) * 1000);
        const recent = series.slice(-60);
        // The weights of a partial window sum to less than 1.
        const least = weighted ? 0 : Math.min(...recent);
        return average > least - 2e-6 && average < Math.max(...recent) + 2e-6;
      },
    ),
    { seed: 42, numRuns: 300 },
  );
});

Deno.test("MaximumWindow returns the maximum of the buckets that end with the newest", () => {
  const window = new MaximumWindow(6000, 2000);
  assert.equal(window.record(0, 5), 5);
  assert.equal(window.record(2000, 2), 5);
  assert.equal(window.record(4000, 3), 5);
  assert.equal(window.record(6000, 1), 3);
  assert.equal(window.record(20_000, 1), 1);
});

Deno.test("MaximumWindow equals the maximum by definition", () => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 9000 }),
      value: fc.integer({ min: 0, max: 50 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (series, length) => {
      const window = new MaximumWindow(length * 2000, 2000);
      const seen: { bucket: number; value: number }[] = [];
      let tMs = 0;
      for (const { gapMs, value } of series) {
        tMs += gapMs;
        const bucket = Math.floor(tMs / 2000);
        seen.push({ bucket, value });
        const recent = seen.filter((entry) => entry.bucket > bucket - length);
        assert.equal(window.record(tMs, value), Math.max(...recent.map((entry) => entry.value)));
      }
    }),
    { seed: 42 },
  );
});
