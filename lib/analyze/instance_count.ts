import type { InstanceLife } from "./instance_life.ts";
import type { TimeBins } from "./time_bins.ts";

/** Instances over time: the largest number within each bin. */
export interface InstanceCountSeries {
  readonly bins: TimeBins;
  /** Created and not yet ready. */
  readonly starting: Uint32Array;
  /** Ready and not told to stop. */
  readonly ready: Uint32Array;
}

/** Derives the number of instances over time from their lives. */
export function deriveInstanceCounts(
  lives: readonly InstanceLife[],
  bins: TimeBins,
): InstanceCountSeries {
  const starting: Span[] = [];
  const ready: Span[] = [];
  for (const { createdMs, readyMs, stoppedMs } of lives) {
    const goneMs = Number.isNaN(stoppedMs) ? Infinity : stoppedMs;
    starting.push([createdMs, Number.isNaN(readyMs) ? goneMs : Math.min(readyMs, goneMs)]);
    if (!Number.isNaN(readyMs)) ready.push([readyMs, goneMs]);
  }
  return { bins, starting: countSpans(starting, bins), ready: countSpans(ready, bins) };
}

/** From (inclusive) and until (exclusive) in ms. */
type Span = readonly [number, number];

function countSpans(spans: readonly Span[], bins: TimeBins): Uint32Array {
  const steps: { timeMs: number; change: number }[] = [];
  for (const [fromMs, untilMs] of spans) {
    if (!(untilMs > fromMs)) continue;
    steps.push({ timeMs: fromMs, change: 1 }, { timeMs: untilMs, change: -1 });
  }
  steps.sort((a, b) => a.timeMs - b.timeMs || a.change - b.change);
  const counts = new Uint32Array(bins.count);
  let count = 0;
  let next = 0;
  for (let bin = 0; bin < bins.count; bin++) {
    // What happens at the first instant of a bin, or before all, is not its maximum yet.
    const fromMs = bin * bins.binMs;
    for (; next < steps.length && steps[next].timeMs <= fromMs; next++) count += steps[next].change;
    counts[bin] = count;
    const untilMs = fromMs + bins.binMs;
    for (; next < steps.length && steps[next].timeMs < untilMs; next++) {
      count += steps[next].change;
      if (count > counts[bin]) counts[bin] = count;
    }
  }
  return counts;
}
