import type { Percentiles } from "../../model/trace.ts";

/** Quantiles that the runtimes of a function are told by, as in the Azure traces. */
const QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1] as const;

interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
  weight: number;
}

/**
 * The distribution of runtimes that the buckets of histograms tell, those of several servers with
 * other bounds too: within a bucket all values are as likely as each other, and what is above the
 * last bound is taken for that bound, as Prometheus' own `histogram_quantile` does.
 *
 * @example
 * ```ts
 * import { BucketDistribution } from "./bucket_distribution.ts";
 * const runtimes = new BucketDistribution();
 * runtimes.add([{ boundMs: 10, count: 3 }, { boundMs: 20, count: 4 }]);
 * const median = runtimes.derive(null)!.values[3];
 * if (Math.abs(median - 10 * 2 / 3) > 1e-9) throw new Error(String(median));
 * ```
 */
export class BucketDistribution {
  readonly #intervals = new Map<string, Interval>();
  #weight = 0;
  /** Requests above the last bound, of which nobody knows how long they took. */
  above = 0;

  /** Adds the cumulative buckets of a histogram, in the order of their bounds, the last one too. */
  add(buckets: readonly { readonly boundMs: number; readonly count: number }[]): void {
    let fromMs = 0;
    let below = 0;
    for (const { boundMs, count } of buckets) {
      // Servers do not update all buckets at one instant.
      const weight = Math.max(0, count - below);
      const isLast = boundMs === Infinity;
      if (isLast) this.above += weight;
      this.#addInterval(fromMs, isLast ? fromMs : boundMs, weight);
      if (!isLast) fromMs = boundMs;
      below = Math.max(below, count);
    }
  }

  #addInterval(fromMs: number, toMs: number, weight: number): void {
    if (weight === 0) return;
    this.#weight += weight;
    const key = `${fromMs} ${toMs}`;
    const interval = this.#intervals.get(key);
    if (interval === undefined) this.#intervals.set(key, { fromMs, toMs, weight });
    else interval.weight += weight;
  }

  /**
   * The percentiles; `null`: there is nothing.
   *
   * @param meanMs the mean, where it is known; else that of the interpolation
   */
  derive(meanMs: number | null): Percentiles | null {
    if (this.#weight === 0) return null;
    const intervals = [...this.#intervals.values()];
    const bounds = [...new Set(intervals.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))]
      .sort((a, b) => a - b);
    // The weight strictly below each bound, and with what lies on it.
    const points = bounds.flatMap((bound) => [
      { value: bound, weight: weightUpTo(intervals, bound, false) },
      { value: bound, weight: weightUpTo(intervals, bound, true) },
    ]);
    const values = QUANTILES.map((quantile) => findValue(points, quantile * this.#weight));
    const sum = intervals.reduce(
      (total, { fromMs, toMs, weight }) => total + weight * (fromMs + toMs) / 2,
      0,
    );
    return { quantiles: QUANTILES, values, mean: meanMs ?? sum / this.#weight };
  }
}

function weightUpTo(intervals: readonly Interval[], bound: number, isWith: boolean): number {
  return intervals.reduce((sum, { fromMs, toMs, weight }) => {
    if (fromMs === toMs) return sum + (fromMs < bound || (isWith && fromMs === bound) ? weight : 0);
    return sum + weight * Math.min(1, Math.max(0, (bound - fromMs) / (toMs - fromMs)));
  }, 0);
}

function findValue(
  points: readonly { readonly value: number; readonly weight: number }[],
  weight: number,
): number {
  // The smallest value is where the distribution begins, the largest where all of it lies below.
  const at = weight === 0
    ? points.findLastIndex((point) => point.weight === 0)
    : points.findIndex((point) => point.weight >= weight * (1 - 1e-12));
  if (weight === 0) return points[Math.max(0, at)].value;
  const above = points[at === -1 ? points.length - 1 : at];
  const below = points[at - 1];
  if (below === undefined || above.weight === below.weight) return above.value;
  const share = (weight - below.weight) / (above.weight - below.weight);
  return below.value + share * (above.value - below.value);
}
