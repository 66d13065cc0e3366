import { createHistogram } from "node:perf_hooks";
import { hasEnoughBeyond } from "../stats/quantile.ts";

/** Longest time that the histograms tell apart, in microseconds: a day. */
const HIGHEST_US = 86_400_000_000;

/** Quantiles of times, to three figures, in constant memory. */
export class TimeHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 });
  /** Times of a microsecond at most (on virtual time all of them), which the histogram need not see. */
  #least = 0;
  count = 0;
  late = 0;
  #maxMs = -Infinity;
  readonly #limitMs: number;

  constructor(limitMs = Infinity) {
    this.#limitMs = limitMs;
  }

  /** Takes a time in; one above the limit counts as late. */
  record(ms: number): void {
    if (ms <= 0.001) this.#least++;
    else this.#histogram.record(Math.min(HIGHEST_US, Math.round(ms * 1000)));
    this.count++;
    if (ms > this.#limitMs) this.late++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** `null` with too few observations beyond it. */
  quantileMs(quantile: number): number | null {
    if (!hasEnoughBeyond(this.count, quantile)) return null;
    const beyond = quantile * this.count - this.#least;
    // The histogram starts at 1 µs; no quantile is above the maximum.
    if (beyond <= 0) return Math.min(0.001, this.maximumMs()!);
    return this.#histogram.percentile(100 * beyond / (this.count - this.#least)) / 1000;
  }

  /** To whole microseconds; `null` without an observation. */
  maximumMs(): number | null {
    return this.count === 0 ? null : Math.round(this.#maxMs * 1000) / 1000 + 0;
  }
}
