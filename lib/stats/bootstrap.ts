import { LoaderError } from "../base/error.ts";
import { quantile } from "./quantile.ts";

/** Where resamples are drawn from; an `Rng` of `lib/base/rng.ts` is one. */
export interface IndexSource {
  /** A uniform integer in [0, bound). */
  nextBelow(bound: number): number;
}

/** Options of {@linkcode bootstrapInterval}. */
export interface BootstrapOptions {
  /** Number of resamples; 2000 when not given. */
  readonly resamples?: number;
  /** Probability that the interval is to cover, in (0, 1); 0.95 when not given. */
  readonly confidence?: number;
}

/** A confidence interval. */
export interface ConfidenceInterval {
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap confidence interval of a statistic (Efron and
 * Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): the quantiles
 * of the statistic over samples drawn with replacement. The same source of
 * numbers gives the same interval.
 *
 * @param statistic gets a resample, in no order, in an array that is used again
 * @returns `null` when there are no values
 * @throws {LoaderError} `usage` when an option is out of its range
 *
 * @example
 * ```ts
 * import { Rng } from "../base/rng.ts";
 * import { bootstrapInterval } from "./bootstrap.ts";
 * const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
 * const interval = bootstrapInterval([3, 5, 4, 6, 5, 4], mean, Rng.fromSeed(42, "bootstrap"));
 * if (interval === null || interval.low >= 4.5 || interval.high <= 4.5) throw new Error();
 * ```
 */
export function bootstrapInterval(
  values: ArrayLike<number>,
  statistic: (resample: Float64Array) => number,
  rng: IndexSource,
  { resamples = 2000, confidence = 0.95 }: BootstrapOptions = {},
): ConfidenceInterval | null {
  if (!(Number.isInteger(resamples) && resamples >= 1)) {
    throw new LoaderError(
      "usage",
      `The number of resamples is ${resamples}; give a whole number of at least 1.`,
      { value: resamples },
    );
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new LoaderError(
      "usage",
      `The confidence is ${confidence}; give a number between 0 and 1, such as 0.95.`,
      { value: confidence },
    );
  }
  if (values.length === 0) return null;
  const resample = new Float64Array(values.length);
  const statistics = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < resample.length; i++) resample[i] = values[rng.nextBelow(values.length)];
    statistics[r] = statistic(resample);
  }
  statistics.sort();
  const tail = (1 - confidence) / 2;
  const low = quantile(statistics, tail);
  const high = quantile(statistics, 1 - tail);
  return low === null || high === null ? null : { low, high };
}
