import { hasEnoughBeyond } from "../stats/quantile.ts";
import type { LiveBuckets, LiveQuantile } from "./live_message.ts";

/** Buckets to a power of two: each is at most 1/32 of its value wide. */
const SUB_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BITS;

/** What is longer is told as this long: 35 minutes, in microseconds. */
const HIGHEST_US = 2 ** 31 - 1;

const BUCKETS = SUB_BUCKETS * (31 - SUB_BITS + 1);

/**
 * Counts times in buckets of 3 % width, for quantiles while a run goes on: an observation
 * is a few operations on whole numbers, and histograms add up.
 */
export class LiveHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #ok = 0;
  /** Observations that count as infinite. */
  #notOk = 0;

  record(ms: number): void {
    this.#counts[bucketOf(ms)]++;
    this.#ok++;
  }

  recordInfinite(): void {
    this.#notOk++;
  }

  add(other: LiveHistogram): void {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i] += other.#counts[i];
    this.#ok += other.#ok;
    this.#notOk += other.#notOk;
  }

  /** Takes out what was added before. */
  subtract(other: LiveHistogram): void {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i] -= other.#counts[i];
    this.#ok -= other.#ok;
    this.#notOk -= other.#notOk;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#ok = this.#notOk = 0;
  }

  /** The nearest rank, as the middle of its bucket; infinite among those that were not ok. */
  quantile(q: number): LiveQuantile {
    const count = this.#ok + this.#notOk;
    if (!hasEnoughBeyond(count, q)) return null;
    let rank = Math.max(1, Math.ceil(q * count));
    if (rank > this.#ok) return "infinite";
    for (let i = 0; i < BUCKETS; i++) {
      rank -= this.#counts[i];
      if (rank <= 0) return middleMs(i);
    }
    return "infinite";
  }
}

function bucketOf(ms: number): number {
  const us = Math.min(HIGHEST_US, Math.max(0, ms * 1000)) | 0;
  if (us < SUB_BUCKETS) return us;
  const shift = 31 - SUB_BITS - Math.clz32(us);
  return SUB_BUCKETS * shift + (us >> shift);
}

function middleMs(bucket: number): number {
  if (bucket < SUB_BUCKETS) return (bucket + 0.5) / 1000;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const least = (bucket - SUB_BUCKETS * shift) * 2 ** shift;
  return (least + 2 ** shift / 2) / 1000;
}

/** Counts times below the bounds of a histogram of Prometheus. */
export class BoundedCounts {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #sumMs = 0;

  /** @param boundsMs ascending; each counts what is at most as long */
  constructor(boundsMs: readonly number[]) {
    this.#bounds = Float64Array.from(boundsMs);
    this.#counts = new Float64Array(boundsMs.length + 1);
  }

  record(ms: number): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ms <= bounds[middle]) high = middle;
      else low = middle + 1;
    }
    this.#counts[low]++;
    this.#sumMs += ms;
  }

  buckets(): LiveBuckets {
    return { counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
