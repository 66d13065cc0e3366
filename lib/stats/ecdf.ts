import { LoaderError } from "../base/error.ts";

/**
 * The empirical cumulative distribution function of a sample: the part of the
 * values that is at most x. A step function, with a step at each distinct value.
 *
 * @example
 * ```ts
 * import { Ecdf } from "./ecdf.ts";
 * const ecdf = new Ecdf([3, 1, 1, 7]);
 * if (ecdf.at(1) !== 0.5 || ecdf.at(2.9) !== 0.5 || ecdf.at(7) !== 1) throw new Error();
 * ```
 */
export class Ecdf {
  /** The distinct values, in ascending order. */
  readonly values: Float64Array;
  /** The part of the sample that is at most the value at the same index. */
  readonly probabilities: Float64Array;

  /** @throws {LoaderError} `usage` when the sample is empty or holds NaN */
  constructor(sample: ArrayLike<number>) {
    const sorted = Float64Array.from(sample).sort();
    if (sorted.length === 0) {
      throw new LoaderError("usage", "A distribution function needs at least one value.");
    }
    // NaN sorts to the end.
    if (Number.isNaN(sorted[sorted.length - 1])) {
      throw new LoaderError("usage", "A distribution function cannot be made of values with NaN.");
    }
    const probabilities = new Float64Array(sorted.length);
    let steps = 0;
    for (let i = 0; i < sorted.length; i++) {
      if (i > 0 && sorted[i] === sorted[i - 1]) steps--;
      sorted[steps] = sorted[i];
      probabilities[steps] = (i + 1) / sorted.length;
      steps++;
    }
    this.values = sorted.slice(0, steps);
    this.probabilities = probabilities.slice(0, steps);
  }

  /** The part of the sample that is at most `x`. */
  at(x: number): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.values[middle] <= x) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.probabilities[low - 1];
  }
}
