import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import { FixedKeepAlive } from "../../../lib/autoscale/keep_alive/fixed_keep_alive.ts";
import { HybridHistogram } from "../../../lib/autoscale/keep_alive/hybrid_histogram.ts";
import { simulateKeepAlive } from "./keep_alive_simulation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A policy that has seen these idle times of function 0, each between executions of 1 s. */
function policyAfter(
  idleTimesMs: readonly number[],
): { readonly policy: HybridHistogram; readonly endMs: number } {
  const policy = new HybridHistogram({ functions: 2 });
  policy.onArrival(0, 0, true);
  let endMs = 1000;
  policy.onCompletion(0, endMs, 1000);
  for (const idleMs of idleTimesMs) {
    policy.onArrival(0, endMs + idleMs, true);
    endMs += idleMs + 1000;
    policy.onCompletion(0, endMs, 1000);
  }
  return { policy, endMs };
}

/**
 * When an instance is started ahead and until when it is kept, in ms after the
 * end of the last execution; started at 0: it is not let go.
 */
function windowAfter(idleTimesMs: readonly number[]): { prewarmMs: number; keptMs: number } {
  const { policy, endMs } = policyAfter(idleTimesMs);
  const keptMs = policy.keepUntilMs(0, endMs) - endMs;
  if (keptMs > 0) return { prewarmMs: 0, keptMs };
  const startMs = policy.prewarmAtMs(0, endMs);
  return { prewarmMs: startMs - endMs, keptMs: policy.keepUntilMs(0, startMs) - endMs };
}

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 0.01, `${actual} ms, not ${expected}`);

Deno.test("HybridHistogram keeps for the range of the histogram before it knows an idle time", () => {
  assert.deepEqual(windowAfter([]), { prewarmMs: 0, keptMs: 4 * HOUR_MS });
  const { policy } = policyAfter([7 * MINUTE_MS, 7 * MINUTE_MS]);
  // What it knows of one function says nothing about another.
  policy.onArrival(1, HOUR_MS, true);
  policy.onCompletion(1, HOUR_MS + 1, 1);
  assert.equal(policy.keepUntilMs(1, HOUR_MS + 1), 5 * HOUR_MS + 1);
});

Deno.test("HybridHistogram's window reaches from 90 % of the head to 110 % of the tail", () => {
  const regular = windowAfter(new Array<number>(20).fill(6.5 * MINUTE_MS));
  close(regular.prewarmMs, 0.9 * 6 * MINUTE_MS);
  close(regular.keptMs, 1.1 * 7 * MINUTE_MS);
  // 1 of 100 below the 5th percentile and 1 above the 99th: outliers, without effect.
  const idle = new Array<number>(98).fill(30.5 * MINUTE_MS);
  const withOutliers = windowAfter([2 * MINUTE_MS, ...idle, 200 * MINUTE_MS]);
  close(withOutliers.prewarmMs, 0.9 * 30 * MINUTE_MS);
  close(withOutliers.keptMs, 1.1 * 31 * MINUTE_MS);
  // Two above it are no outliers any more.
  const withTail = windowAfter([...idle, 200 * MINUTE_MS, 200 * MINUTE_MS]);
  close(withTail.keptMs, 1.1 * 201 * MINUTE_MS);
});

Deno.test("HybridHistogram does not let go of a function called again within the first minute", () => {
  const often = windowAfter(new Array<number>(50).fill(2000));
  assert.equal(often.prewarmMs, 0);
  close(often.keptMs, 1.1 * MINUTE_MS);
});

Deno.test("HybridHistogram believes a histogram from a variation of 2 on", () => {
  // n bins of 240 with one each vary by √(240/n − 1): 2 at 48, less from 49 on.
  const spread = (n: number) =>
    Array.from({ length: n }, (_, minute) => (minute + 10.5) * MINUTE_MS);
  // The 5th percentile of 48 is the third, that of 100 would be the fifth.
  close(windowAfter(spread(48)).prewarmMs, 0.9 * 12 * MINUTE_MS);
  assert.deepEqual(windowAfter(spread(49)), { prewarmMs: 0, keptMs: 4 * HOUR_MS });
  assert.deepEqual(windowAfter(spread(200)), { prewarmMs: 0, keptMs: 4 * HOUR_MS });
});

Deno.test("HybridHistogram forecasts idle times beyond the range, 15 % to either side", () => {
  // The paper's example: a forecast of 5 hours pre-warms after 4.25 and keeps for 1.5.
  for (const times of [1, 3, 12, 100]) {
    const { prewarmMs, keptMs } = windowAfter(new Array<number>(times).fill(5 * HOUR_MS));
    close(prewarmMs, 4.25 * HOUR_MS);
    close(keptMs, 5.75 * HOUR_MS);
  }
  // Half of them beyond the range are enough, fewer are not.
  const short = 10.5 * MINUTE_MS;
  close(windowAfter([5 * HOUR_MS, short]).prewarmMs, 0.85 * (5 * HOUR_MS + short) / 2);
  close(windowAfter([5 * HOUR_MS, short, short]).prewarmMs, 0.9 * 10 * MINUTE_MS);
});

Deno.test("HybridHistogram lets an instance go for good once its window has passed", () => {
  const { policy, endMs } = policyAfter([6.5 * MINUTE_MS]);
  const startMs = policy.prewarmAtMs(0, endMs);
  const untilMs = policy.keepUntilMs(0, startMs + 300);
  assert.equal(policy.keepUntilMs(0, startMs), untilMs);
  assert.ok(Number.isNaN(policy.prewarmAtMs(0, untilMs)));
  assert.equal(policy.keepUntilMs(0, untilMs + 5), untilMs + 5);
});

Deno.test("HybridHistogram keeps what it started, be it early by a rounding error", () => {
  const { policy, endMs } = policyAfter([6.5 * MINUTE_MS]);
  const startMs = policy.prewarmAtMs(0, endMs);
  const earlyMs = startMs - 1e-7;
  close(policy.keepUntilMs(0, earlyMs), endMs + 1.1 * 7 * MINUTE_MS);
  // Nor does it start another in the same instant.
  assert.ok(Number.isNaN(policy.prewarmAtMs(0, earlyMs)));
});

Deno.test("HybridHistogram counts an arrival during an execution as no idle time", () => {
  const policy = new HybridHistogram({ functions: 1 });
  policy.onArrival(0, 0, true);
  policy.onArrival(0, 30 * MINUTE_MS, true);
  policy.onCompletion(0, 31 * MINUTE_MS, 31 * MINUTE_MS);
  policy.onCompletion(0, 32 * MINUTE_MS, 2 * MINUTE_MS);
  // One idle time, of 0: kept from the last end to 110 % of the first bin.
  close(policy.keepUntilMs(0, 32 * MINUTE_MS), 33.1 * MINUTE_MS);
});

Deno.test("HybridHistogram lets a surplus instance go while another runs", () => {
  const { policy, endMs } = policyAfter([6.5 * MINUTE_MS]);
  const nowMs = endMs + 6.2 * MINUTE_MS;
  policy.onArrival(0, nowMs, false);
  assert.equal(policy.keepUntilMs(0, nowMs + 100), nowMs + 100);
  assert.ok(Number.isNaN(policy.prewarmAtMs(0, nowMs + 100)));
  // But where nothing is known yet, it is kept like any other.
  policy.onArrival(1, nowMs, true);
  assert.equal(policy.keepUntilMs(1, nowMs + 100), nowMs + 100 + 4 * HOUR_MS);
});

Deno.test("HybridHistogram is warm at every 7th minute for a quarter of the memory of 10 minutes", () => {
  const arrivalsMs = Array.from({ length: 40 }, (_, i) => i * 7 * MINUTE_MS);
  const functions = [{
    arrivalsMs,
    serviceMs: arrivalsMs.map(() => 1000),
    coldStartMs: 500,
    memoryMib: 128,
  }];
  const untilMs = 39 * 7 * MINUTE_MS + 1000;
  const hybrid = simulateKeepAlive({
    functions,
    policy: new HybridHistogram({ functions: 1 }),
    untilMs,
  });
  const fixed = simulateKeepAlive({ functions, policy: new FixedKeepAlive(10), untilMs });
  assert.deepEqual([hybrid.cold, fixed.cold], [1, 1]);
  // Idle for 419 s of each 420 (the first time half a second less, after a cold start).
  assert.equal(fixed.wastedMs[0], 500 + 39 * 419_000 - 500);
  // The first idle time is waited for; then starting at 324 s after the end, ready for 94.5.
  close(hybrid.wastedMs[0], 500 + 418_500 + 38 * (419_000 - 324_000));
  assert.ok(hybrid.wastedMs[0] < fixed.wastedMs[0] / 3);
});

Deno.test("HybridHistogram is warm where a fixed keep-alive never is", () => {
  // Every 5 hours: forecasts; every 45 minutes: the histogram.
  for (const everyMs of [5 * HOUR_MS, 45.5 * MINUTE_MS]) {
    const arrivalsMs = Array.from({ length: 20 }, (_, i) => i * everyMs);
    const functions = [{
      arrivalsMs,
      serviceMs: arrivalsMs.map(() => 1000),
      coldStartMs: 500,
      memoryMib: 128,
    }];
    const coldWith = (policy: HybridHistogram | FixedKeepAlive) =>
      simulateKeepAlive({ functions, policy, untilMs: 20 * everyMs }).cold;
    assert.equal(coldWith(new FixedKeepAlive(20)), 20);
    assert.ok(coldWith(new HybridHistogram({ functions: 1 })) <= 2);
  }
});

Deno.test("HybridHistogram is warm every half hour, for a fraction of the idleness of 20 minutes", () => {
  const arrivalsMs = Array.from({ length: 48 }, (_, i) => i * 30 * MINUTE_MS);
  const functions = [{
    arrivalsMs,
    serviceMs: arrivalsMs.map(() => 2000),
    coldStartMs: 1000,
    memoryMib: 128,
  }];
  const resultWith = (policy: HybridHistogram | FixedKeepAlive) =>
    simulateKeepAlive({ functions, policy, untilMs: 24 * HOUR_MS });
  const hybrid = resultWith(new HybridHistogram({ functions: 1 }));
  const fixed = resultWith(new FixedKeepAlive(20));
  assert.deepEqual([hybrid.cold, fixed.cold], [1, 48]);
  // Idle times of 29:58 lie in the bin from 29 to 30 min: from 26:06 on instead of for 20 min.
  assert.ok(hybrid.wastedMs[0] < 0.25 * fixed.wastedMs[0]);
});

Deno.test("HybridHistogram falls back to the standard keep-alive where arrivals tell nothing", () => {
  // Idle times spread evenly over four hours: no part of the range is likelier than another.
  const rng = Rng.fromSeed(3, "unpredictable");
  let tMs = 0;
  const arrivalsMs = Array.from({ length: 300 }, () => tMs += rng.nextFloat() * 4 * HOUR_MS);
  const functions = [{
    arrivalsMs,
    serviceMs: arrivalsMs.map(() => 1000),
    coldStartMs: 500,
    memoryMib: 128,
  }];
  const policy = new HybridHistogram({ functions: 1 });
  const { cold } = simulateKeepAlive({ functions, policy, untilMs: tMs + 2000 });
  assert.equal(policy.keepUntilMs(0, tMs + 2000) - (tMs + 1000), 4 * HOUR_MS);
  // Only while there were few idle times did they seem to tell something.
  assert.ok(cold < 50, `${cold} cold`);
});

Deno.test("HybridHistogram refuses fields out of their range", () => {
  const refused = [
    { functions: -1 },
    { functions: 1, bins: 0 },
    { functions: 1, binMs: 0 },
    { functions: 1, head: 0 },
    { functions: 1, tail: 1.5 },
    { functions: 1, forecastMargin: 2 },
    { functions: 1, outOfRangeShare: 0 },
  ];
  for (const fields of refused) assert.throws(() => new HybridHistogram(fields), LoaderError);
});
