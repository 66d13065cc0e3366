import assert from "node:assert/strict";
import { ObservedSecond, TimeHistogram } from "../../lib/invoke/observations.ts";

Deno.test("seconds that are joined: counts are added, the largest is kept", () => {
  const one = new ObservedSecond();
  const other = new ObservedSecond();
  Object.assign(one, { due: 1, dispatched: 2, completed: 3, dropped: 4, unsent: 5, peerWaits: 6 });
  Object.assign(one, { peerWaitMaxMs: 9, lagMaxMs: 1 });
  Object.assign(other, { due: 10, dispatched: 20, completed: 30, dropped: 40 });
  Object.assign(other, { unsent: 50, peerWaits: 60, peerWaitMaxMs: 7, loopDelayMaxMs: 2 });
  one.add(other);
  assert.deepEqual(
    [one.due, one.dispatched, one.completed, one.dropped, one.unsent, one.peerWaits],
    [11, 22, 33, 44, 55, 66],
  );
  assert.deepEqual([one.peerWaitMaxMs, one.lagMaxMs, one.loopDelayMaxMs], [9, 1, 2]);
});

function histogramOf(count: number, ms: number): TimeHistogram {
  const histogram = new TimeHistogram();
  for (let i = 0; i < count; i++) histogram.record(ms);
  return histogram;
}

Deno.test("TimeHistogram: a quantile has at least ten times beyond it", () => {
  assert.equal(histogramOf(19, 2).quantileMs(0.5), null);
  assert.equal(histogramOf(20, 2).quantileMs(0.5), 2);
  assert.equal(histogramOf(999, 2).quantileMs(0.99), null);
  assert.notEqual(histogramOf(1000, 2).quantileMs(0.99), null);
});

Deno.test("TimeHistogram: no quantile is above the maximum, which is in whole microseconds", () => {
  for (const [ms, told] of [[0, 0], [7.3e-12, 0], [-1e-9, 0], [0.0004, 0], [0.0007, 0.001]]) {
    const histogram = histogramOf(30, ms);
    assert.equal(histogram.maximumMs(), told);
    assert.equal(histogram.quantileMs(0.5), told);
  }
});
