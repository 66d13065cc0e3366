import assert from "node:assert/strict";
import { TimeHistogram } from "../../lib/invoke/time_histogram.ts";

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
