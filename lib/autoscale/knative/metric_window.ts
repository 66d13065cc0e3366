import { checkField } from "../field_check.ts";

/** Options of {@linkcode MetricWindow}. */
export interface MetricWindowOptions {
  /** The time that the average looks back. */
  readonly windowMs: number;
  /** The width of a bucket. */
  readonly granularityMs: number;
  /** Recent buckets count more, by exponential decay. */
  readonly weighted: boolean;
}

/** The weights of all buckets sum to at least this (`weightPrecision` upstream). */
const WEIGHT_SUM = 0.9999;
/** The slowest decay that is used, whatever the window (`minExponent` upstream). */
const LEAST_DECAY = 0.2;
/** Plain averages keep six decimals (`precision` upstream). */
const DECIMALS = 1e6;

/**
 * A sliding window over a metric, in buckets of equal width: the values of a
 * bucket add up, and the average is over the buckets since the first value, at
 * most a window of them. It is the same as Knative's `TimedFloat64Buckets`, or
 * `WeightedFloat64Buckets` when weighted, in
 * `pkg/autoscaler/aggregation/bucketing.go`.
 *
 * - A gap between two values counts as zeros; silence *after* the last value
 *   does not: the average is then over what is left of the window.
 * - After a whole window of silence the average is 0 and the next value starts
 *   anew.
 * - A plain average is cut to six decimals, as up to Knative 1.18 (later ones
 *   round), which hides what adding and subtracting leaves behind.
 *
 * Recording and averaging allocate nothing.
 *
 * @example
 * ```ts
 * import { MetricWindow } from "./metric_window.ts";
 * const window = new MetricWindow({ windowMs: 60_000, granularityMs: 1000, weighted: false });
 * window.record(0, 4);
 * window.record(1000, 2);
 * if (window.average(1500) !== 3) throw new Error("not the mean of two buckets");
 * ```
 */
export class MetricWindow {
  readonly #granularityMs: number;
  /**
   * A ring of buckets, and behind it their total, which is kept by adding and
   * subtracting in upstream's order, so that the last digit before the cut is
   * upstream's too.
   */
  readonly #buckets: Float64Array;
  /** The share of the newest bucket in a weighted average; 0 when plain. */
  readonly #decay: number;
  // Buckets are numbered from time 0. All of these are small integers: doubles among them
  // (such as an infinity for "none yet") would make each step through the ring a division.
  #isEmpty = true;
  #first = 0;
  #last = 0;
  /** Where the last bucket is in the ring; the one before it is before it, and so on around. */
  #lastPlace = 0;
  /** Buckets of the window. */
  readonly #length: number;

  /** @throws {LoaderError} `usage` when a width is not positive */
  constructor({ windowMs, granularityMs, weighted }: MetricWindowOptions) {
    checkField("granularityMs", granularityMs, { above: 0 });
    checkField("windowMs", windowMs, { above: 0 });
    const length = Math.ceil(windowMs / granularityMs);
    this.#granularityMs = granularityMs;
    this.#length = length;
    this.#buckets = new Float64Array(length + 1);
    this.#decay = weighted ? Math.max(1 - Math.pow(1 - WEIGHT_SUM, 1 / length), LEAST_DECAY) : 0;
  }

  /** Adds a value to its bucket; one that is older than the window is ignored. */
  record(tMs: number, value: number): void {
    const buckets = this.#buckets;
    const length = this.#length;
    const bucket = Math.floor(tMs / this.#granularityMs);
    const ahead = this.#isEmpty ? length : bucket - this.#last;
    if (ahead <= -length) return;
    if (ahead >= length) {
      buckets.fill(0);
      this.#isEmpty = false;
      this.#first = this.#last = bucket;
      this.#lastPlace = 0;
    } else if (ahead > 0) {
      this.#last = bucket;
      for (let i = 0; i < ahead; i++) {
        const place = this.#lastPlace = after(this.#lastPlace, length);
        buckets[length] -= buckets[place];
        buckets[place] = 0;
      }
    }
    if (bucket < this.#first) this.#first = bucket;
    buckets[before(this.#lastPlace, this.#last - bucket, length)] += value;
    buckets[length] += value;
  }

  /** The average over the window that ends at `tMs`; 0 when nothing is in it. */
  average(tMs: number): number {
    if (this.#isEmpty) return 0;
    const silent = Math.max(0, Math.floor(tMs / this.#granularityMs) - this.#last);
    const left = this.#length - silent;
    if (left <= 0) return 0;
    return this.#decay > 0 ? this.#weightedAverage(silent, left) : this.#plainAverage(silent, left);
  }

  #plainAverage(silent: number, left: number): number {
    const buckets = this.#buckets;
    const length = this.#length;
    let total = buckets[length];
    let place = this.#lastPlace;
    for (let i = 0; i < silent; i++) {
      place = after(place, length);
      total -= buckets[place];
    }
    const count = Math.min(this.#last - this.#first + 1, left);
    return Math.floor(total / count * DECIMALS) / DECIMALS;
  }

  #weightedAverage(silent: number, left: number): number {
    const keep = 1 - this.#decay;
    let weight = this.#decay * Math.pow(keep, silent);
    let sum = 0;
    for (let i = 0; i < left; i++) {
      sum += this.#buckets[before(this.#lastPlace, i, this.#length)] * weight;
      weight *= keep;
    }
    return sum;
  }
}

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
    while (this.#last < bucket) maxima[this.#placeOf(++this.#last)] = 0;
    const place = this.#placeOf(this.#last);
    maxima[place] = Math.max(maxima[place], value);
    let maximum = 0;
    for (let i = 0; i < maxima.length; i++) maximum = Math.max(maximum, maxima[i]);
    return maximum;
  }

  #placeOf(bucket: number): number {
    const place = bucket % this.#maxima.length;
    return place < 0 ? place + this.#maxima.length : place;
  }
}

/** The next place of a ring. */
function after(place: number, length: number): number {
  return place + 1 === length ? 0 : place + 1;
}

/** The place of a ring that is so many (fewer than its length) before another. */
function before(place: number, places: number, length: number): number {
  return place < places ? place - places + length : place - places;
}
