import { checkField } from "../field_check.ts";

/**
 * The largest whole number seen in a sliding window of buckets: what Knative
 * delays scale-down with (`TimeWindow` in `pkg/autoscaler/aggregation/max`).
 * Times must not decrease. A few hundred buckets are scanned per decision,
 * which is nothing beside the two seconds between decisions.
 */
export class MaximumWindow {
  readonly #granularityMs: number;
  readonly #maxima: Int32Array;
  #last = -Infinity;

  /** @throws {LoaderError} `usage` when a width is not positive */
  constructor(windowMs: number, granularityMs: number) {
    checkField("granularityMs", granularityMs, { above: 0 });
    checkField("windowMs", windowMs, { above: 0 });
    this.#granularityMs = granularityMs;
    this.#maxima = new Int32Array(Math.ceil(windowMs / granularityMs));
  }

  /** Adds a value (at least 0) and returns the maximum of the window that ends with it. */
  record(tMs: number, value: number): number {
    const maxima = this.#maxima;
    const bucket = Math.floor(tMs / this.#granularityMs);
    if (bucket - this.#last >= maxima.length) {
      maxima.fill(0);
      this.#last = bucket;
    }
    while (this.#last < bucket) maxima[this.#slotOf(++this.#last)] = 0;
    const slot = this.#slotOf(this.#last);
    maxima[slot] = Math.max(maxima[slot], value);
    let maximum = 0;
    for (let i = 0; i < maxima.length; i++) maximum = Math.max(maximum, maxima[i]);
    return maximum;
  }

  #slotOf(bucket: number): number {
    const slot = bucket % this.#maxima.length;
    return slot < 0 ? slot + this.#maxima.length : slot;
  }
}
