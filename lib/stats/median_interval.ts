import { LoaderError } from "../base/error.ts";

/** An interval that covers the median of the population. */
export interface MedianInterval {
  readonly low: number;
  readonly high: number;
  /** Probability that it covers it; at least this where values are equal. */
  readonly coverage: number;
}

/**
 * Confidence interval of the median between two of the values (David and Nagaraja,
 * Order Statistics, 2003, section 7.1): from the k-th smallest to the k-th largest it
 * covers the median of any distribution unless k − 1 or fewer values lie on one side
 * of it, which a binomial distribution with p = ½ tells exactly. The narrowest that
 * has at least the confidence asked for. Values may be infinite.
 *
 * @param sorted in ascending order
 * @returns `null` where even the whole range covers less: below 6 values at 95 %
 * @throws {LoaderError} `usage` when the confidence is out of its range
 *
 * @example
 * ```ts
 * import { medianInterval } from "./median_interval.ts";
 * const { low, high, coverage } = medianInterval([1, 2, 3, 5, 8, 13], 0.95)!;
 * if (low !== 1 || high !== 13 || coverage !== 1 - 2 / 64) throw new Error("the whole range");
 * if (medianInterval([1, 2, 3, 5, 8], 0.95) !== null) throw new Error("93.75 % at most");
 * ```
 */
export function medianInterval(
  sorted: ArrayLike<number>,
  confidence = 0.95,
): MedianInterval | null {
  if (!(confidence > 0 && confidence < 1)) {
    throw new LoaderError(
      "usage",
      `The confidence is ${confidence}; give a number between 0 and 1, such as 0.95.`,
      { value: confidence },
    );
  }
  const count = sorted.length;
  let left = 0;
  let beyond = 0;
  for (let below = 0; below < count / 2; below++) {
    const next = beyond + 2 * binomialHalf(count, below);
    if (1 - next < confidence) break;
    beyond = next;
    left = below + 1;
  }
  if (left === 0) return null;
  return { low: sorted[left - 1], high: sorted[count - left], coverage: 1 - beyond };
}

/** Probability that the range of so many values covers the median. */
export function rangeCoverage(count: number): number {
  return count === 0 ? 0 : 1 - 2 ** (1 - count);
}

/** Probability of so many heads in so many throws of a coin. */
function binomialHalf(throws: number, heads: number): number {
  // Step by step, so that neither a factorial nor a power leaves the doubles.
  let probability = 1;
  let halvings = throws;
  for (let i = 1; i <= heads; i++) {
    probability *= (throws - heads + i) / i;
    for (; probability > 1 && halvings > 0; halvings--) probability /= 2;
  }
  return probability * 2 ** -halvings;
}
