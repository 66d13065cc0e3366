import { LoaderError } from "../base/error.ts";

/** What differences of sums leave of the values; it is no distance. */
const ROUNDING = 1e-13;

/**
 * A sample against which smaller ones are held: how far so many equally weighted
 * points are from it, and how near any of that number can come.
 *
 * The nearest are the medians of the n equal parts of the quantile function
 * (optimal quantization in one dimension for the first Wasserstein distance; Graf
 * and Luschgy, Foundations of Quantization for Probability Distributions, 2000).
 * Such points are values of the sample, so the bound is reached in one figure; in
 * several at a time it need not be.
 *
 * @example
 * ```ts
 * import { QuantileFunction } from "./quantization.ts";
 * const whole = new QuantileFunction([1, 2, 3, 5, 6, 7]);
 * // The medians of 1, 2, 3 and of 5, 6, 7.
 * if (whole.distanceTo([2, 6]) !== whole.leastDistance(2)) throw new Error("the nearest pair");
 * ```
 */
export class QuantileFunction {
  /** The values in ascending order. */
  readonly sorted: Float64Array;
  /** Sums of the first so many of them. */
  readonly #sums: Float64Array;

  /** @throws {LoaderError} `usage` when the sample is empty or holds what is not finite */
  constructor(sample: ArrayLike<number>) {
    this.sorted = Float64Array.from(sample).sort();
    if (sample.length === 0 || !this.sorted.every(Number.isFinite)) {
      throw new LoaderError("usage", "A quantile function needs at least one value, all finite.");
    }
    this.#sums = new Float64Array(sample.length + 1);
    for (let i = 0; i < sample.length; i++) this.#sums[i + 1] = this.#sums[i] + this.sorted[i];
  }

  /** The first Wasserstein distance to so many points of equal weight. */
  distanceTo(points: ArrayLike<number>): number {
    const ascending = Float64Array.from(points).sort();
    const width = this.sorted.length / ascending.length;
    let distance = 0;
    for (let i = 0; i < ascending.length; i++) {
      distance += this.distanceOfPart(ascending[i], i * width, (i + 1) * width);
    }
    const largest = Math.max(Math.abs(this.sorted[0]), Math.abs(this.sorted.at(-1)!));
    return distance > ROUNDING * largest ? distance : 0;
  }

  /** What a point adds that stands for the values from one rank, which may be a fraction, to another. */
  distanceOfPart(point: number, from: number, to: number): number {
    const crossing = Math.min(Math.max(this.#countBelow(point), from), to);
    const below = point * (crossing - from) - this.#integral(from, crossing);
    const above = this.#integral(crossing, to) - point * (to - crossing);
    return (below + above) / this.sorted.length;
  }

  /** The smallest first Wasserstein distance that any n points of equal weight have. */
  leastDistance(n: number): number {
    return this.distanceTo(this.nearestPoints(n));
  }

  /** Values of the sample that have the {@linkcode leastDistance}. */
  nearestPoints(n: number): Float64Array {
    const last = this.sorted.length - 1;
    return Float64Array.from(
      { length: n },
      (_, i) => this.sorted[Math.min(last, Math.floor((i + 0.5) * this.sorted.length / n))],
    );
  }

  /** How many values are less than x. */
  #countBelow(x: number): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Integral over ranks, which may be fractions. */
  #integral(from: number, to: number): number {
    return this.#sumUpTo(to) - this.#sumUpTo(from);
  }

  #sumUpTo(rank: number): number {
    const whole = Math.min(Math.floor(rank), this.sorted.length);
    const part = rank - whole;
    return this.#sums[whole] +
      (part > 0 && whole < this.sorted.length ? part * this.sorted[whole] : 0);
  }
}
