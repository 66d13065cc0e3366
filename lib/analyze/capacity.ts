import { type Bound, boundedValueOf } from "./bound.ts";
import type { Summary } from "./summary.ts";
import { medianInterval } from "../stats/median_interval.ts";
import { quantile } from "../stats/quantile.ts";

/** What is looked at of a run of a search. */
export interface SearchedRun {
  /** True if too many of its invocations failed. */
  readonly isOverloaded: boolean;
  readonly summary: Summary;
}

/**
 * What a run of a search comes to in the bounded figure: infinite where it was overloaded,
 * `null` where it has too few invocations.
 */
export function searchedValueOf(
  { isOverloaded, summary }: SearchedRun,
  bound: Bound,
): number | null {
  return isOverloaded ? Infinity : boundedValueOf(summary, bound);
}

/** What repetitions with one value of a parameter came to. */
export interface TriedValue {
  readonly value: number;
  /** In ascending order. */
  readonly results: readonly number[];
  readonly median: number;
  /** Ends of the interval of the median, or of the range of fewer than 6 repetitions. */
  readonly low: number;
  readonly high: number;
  /** Probability that the interval covers the median; `null` where it is the range. */
  readonly coverage: number | null;
  /** True if the whole interval is within the bound. */
  readonly isWithin: boolean;
}

/**
 * Summarizes the repetitions with one value. It is within the bound where the whole interval
 * is: whoever asks how much is enough wants to be sure of it.
 *
 * @param results at least one
 */
export function summarizeTried(
  value: number,
  results: readonly number[],
  most: number,
): TriedValue {
  const sorted = results.toSorted((a, b) => a - b);
  const interval = medianInterval(sorted);
  const high = interval?.high ?? sorted[sorted.length - 1];
  return {
    value,
    results: sorted,
    median: quantile(sorted, 0.5)!,
    low: interval?.low ?? sorted[0],
    high,
    coverage: interval?.coverage ?? null,
    isWithin: high <= most,
  };
}

/** The smallest value of a parameter with which a figure is within its bound. */
export interface Capacity {
  /** Ascending. */
  readonly tried: readonly TriedValue[];
  /** The smallest within the bound; `null`: none of them. */
  readonly smallest: TriedValue | null;
  /** The next smaller that was tried, which is not; `null`: there is none. */
  readonly below: TriedValue | null;
  /** Larger ones that are not within the bound although a smaller one is. */
  readonly lostAbove: readonly TriedValue[];
  /** The one with the lowest median. */
  readonly nearest: TriedValue;
}

/**
 * Derives the answer from what was tried.
 *
 * @param tried at least one, each value once, in any order
 *
 * @example
 * ```ts
 * import { deriveCapacity, summarizeTried } from "./capacity.ts";
 * const tried = [[1, 9], [2, 3], [4, 6]].map(([value, result]) => summarizeTried(value, [result], 5));
 * const { smallest, below, lostAbove } = deriveCapacity(tried);
 * if (smallest?.value !== 2 || below?.value !== 1) throw new Error("two are enough");
 * if (lostAbove[0].value !== 4) throw new Error("and more are not");
 * ```
 */
export function deriveCapacity(tried: readonly TriedValue[]): Capacity {
  const sorted = tried.toSorted((a, b) => a.value - b.value);
  const at = sorted.findIndex(({ isWithin }) => isWithin);
  return {
    tried: sorted,
    smallest: sorted[at] ?? null,
    below: sorted[at - 1] ?? null,
    lostAbove: at < 0 ? [] : sorted.slice(at).filter(({ isWithin }) => !isWithin),
    nearest: sorted.reduce((best, one) => one.median < best.median ? one : best),
  };
}
