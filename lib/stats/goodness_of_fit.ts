import { LoaderError } from "../base/error.ts";
import { upperGammaRatio } from "./gamma_function.ts";

/** The result of {@linkcode kolmogorovSmirnovTest}. */
export interface KolmogorovSmirnovResult {
  /** The greatest distance between the sample's distribution function and the given one. */
  readonly statistic: number;
  readonly pValue: number;
}

/** The result of {@linkcode chiSquareTest}. */
export interface ChiSquareResult {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

/**
 * One-sample Kolmogorov-Smirnov test against a continuous distribution. The
 * p-value is the limit distribution's with Stephens' correction for the sample
 * size ("EDF Statistics for Goodness of Fit and Some Comparisons", JASA 69,
 * 1974): from 5 values on within 0.0015 of the exact one where that is below
 * 0.1, and within 0.025 elsewhere.
 *
 * @param cdf cumulative distribution function that the values should have
 * @throws {LoaderError} `usage` when there are no values
 *
 * @example
 * ```ts
 * import { kolmogorovSmirnovTest } from "./goodness_of_fit.ts";
 * const values = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);
 * const { statistic, pValue } = kolmogorovSmirnovTest(values, (x) => x);
 * if (Math.abs(statistic - 0.005) > 1e-9 || pValue < 0.99) throw new Error("uniform");
 * ```
 */
export function kolmogorovSmirnovTest(
  values: ArrayLike<number>,
  cdf: (x: number) => number,
): KolmogorovSmirnovResult {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  if (count === 0) {
    throw new LoaderError("usage", "A goodness-of-fit test needs at least one value.");
  }
  let statistic = 0;
  for (let i = 0; i < count; i++) {
    const probability = cdf(sorted[i]);
    statistic = Math.max(statistic, probability - i / count, (i + 1) / count - probability);
  }
  const root = Math.sqrt(count);
  return { statistic, pValue: kolmogorovTail((root + 0.12 + 0.11 / root) * statistic) };
}

/**
 * Pearson's chi-square test of counts against expected counts.
 *
 * @param estimated parameters of the expectation that were estimated from the
 * counts; each takes a degree of freedom
 * @throws {LoaderError} `usage` when the lengths differ, an expected count is
 * not positive, or no degree of freedom is left
 *
 * @example
 * ```ts
 * import { chiSquareTest } from "./goodness_of_fit.ts";
 * const { statistic, degreesOfFreedom } = chiSquareTest([18, 22], [20, 20]);
 * if (statistic !== 0.4 || degreesOfFreedom !== 1) throw new Error();
 * ```
 */
export function chiSquareTest(
  observed: ArrayLike<number>,
  expected: ArrayLike<number>,
  estimated = 0,
): ChiSquareResult {
  if (observed.length !== expected.length) {
    throw new LoaderError(
      "usage",
      `There are ${observed.length} observed and ${expected.length} expected counts; give one of each per class.`,
    );
  }
  const degreesOfFreedom = observed.length - 1 - estimated;
  if (degreesOfFreedom < 1) {
    throw new LoaderError(
      "usage",
      `A chi-square test of ${observed.length} classes with ${estimated} estimated parameters has no degree of freedom; give more classes.`,
    );
  }
  let statistic = 0;
  for (let i = 0; i < observed.length; i++) {
    if (!(expected[i] > 0)) {
      throw new LoaderError(
        "usage",
        `The expected count of class ${i} is ${expected[i]}; merge classes until each is positive.`,
        { value: expected[i] },
      );
    }
    statistic += (observed[i] - expected[i]) ** 2 / expected[i];
  }
  return {
    statistic,
    degreesOfFreedom,
    pValue: upperGammaRatio(degreesOfFreedom / 2, statistic / 2),
  };
}

/** The probability that a Kolmogorov variable is above `x`: a theta function, which has two series. */
function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  // Each series is used where a few terms are enough for full precision.
  if (x < 1) {
    for (let k = 1; k <= 9; k += 2) sum += Math.exp(-((k * Math.PI / x) ** 2) / 8);
    return 1 - Math.sqrt(2 * Math.PI) / x * sum;
  }
  for (let k = 1; k <= 6; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return sum;
}
