import { LoaderError } from "../base/error.ts";
import { upperGammaRatio } from "./gamma_function.ts";
import { greatestDivisor, kolmogorovTail, latticePathTail } from "./kolmogorov.ts";

/** The result of {@linkcode kolmogorovSmirnovTest}. */
export interface KolmogorovSmirnovResult {
  /** The greatest distance between the two distribution functions. */
  readonly statistic: number;
  /** The probability of at least this distance if both were the same. */
  readonly pValue: number;
}

/** The result of {@linkcode chiSquareTest}. */
export interface ChiSquareResult {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

/** Up to this size of the larger sample the p-value of two is exact, as in SciPy. */
const EXACT_UP_TO = 10_000;

/**
 * Two-sided Kolmogorov-Smirnov test of a sample against a continuous
 * distribution, or against another sample. Equal to SciPy's `kstest(values, other)`:
 * the p-value of one sample is exact or to 1e-7; that of two is exact up to
 * 10,000 values each, and beyond that the one-sample distribution's at
 * m·n/(m + n) values. Values that tie make it larger than it should be.
 *
 * @param values in any order
 * @param other cumulative distribution function that the values should have, or
 * a second sample
 * @throws {LoaderError} `usage` when a sample is empty or holds NaN
 *
 * @example
 * ```ts
 * import { kolmogorovSmirnovTest } from "./goodness_of_fit.ts";
 * const values = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);
 * const uniform = kolmogorovSmirnovTest(values, (x) => x);
 * if (Math.abs(uniform.statistic - 0.005) > 1e-9 || uniform.pValue < 0.99) throw new Error();
 * const shifted = kolmogorovSmirnovTest(values, values.map((x) => x + 0.295));
 * if (Math.abs(shifted.statistic - 0.3) > 1e-9 || shifted.pValue > 0.001) throw new Error();
 * ```
 */
export function kolmogorovSmirnovTest(
  values: ArrayLike<number>,
  other: ArrayLike<number> | ((x: number) => number),
): KolmogorovSmirnovResult {
  const sorted = sortSample(values);
  if (typeof other === "function") return testAgainst(sorted, other);
  return testPair(sorted, sortSample(other));
}

function testAgainst(sorted: Float64Array, cdf: (x: number) => number): KolmogorovSmirnovResult {
  const count = sorted.length;
  let statistic = 0;
  for (let i = 0; i < count; i++) {
    const probability = cdf(sorted[i]);
    statistic = Math.max(statistic, probability - i / count, (i + 1) / count - probability);
  }
  return { statistic, pValue: kolmogorovTail(count, statistic) };
}

/**
 * The statistic of {@linkcode kolmogorovSmirnovTest} of two samples without its p-value,
 * which takes most of the time.
 *
 * @throws {LoaderError} `usage` when a sample is empty or holds NaN
 *
 * @example
 * ```ts
 * import { kolmogorovSmirnovDistance } from "./goodness_of_fit.ts";
 * if (kolmogorovSmirnovDistance([1, 2], [2, 3]) !== 0.5) throw new Error("half is below 2");
 * ```
 */
export function kolmogorovSmirnovDistance(u: ArrayLike<number>, v: ArrayLike<number>): number {
  const [a, b] = [sortSample(u), sortSample(v)];
  return countSteps(a, b) / commonMultiple(a.length, b.length);
}

function testPair(u: Float64Array, v: Float64Array): KolmogorovSmirnovResult {
  const steps = countSteps(u, v);
  const statistic = steps / commonMultiple(u.length, v.length);
  if (Math.max(u.length, v.length) <= EXACT_UP_TO) {
    return { statistic, pValue: latticePathTail(u.length, v.length, steps) };
  }
  const effective = u.length * (v.length / (u.length + v.length));
  return { statistic, pValue: kolmogorovTail(Math.round(effective), statistic) };
}

function commonMultiple(a: number, b: number): number {
  return a * (b / greatestDivisor(a, b));
}

/** The greatest distance of two sorted samples' distribution functions. */
function countSteps(u: Float64Array, v: Float64Array): number {
  // Distances are whole multiples of 1/lcm of the sizes; as such they have no rounding error.
  const divisor = greatestDivisor(u.length, v.length);
  const uStep = v.length / divisor;
  const vStep = u.length / divisor;
  let steps = 0;
  let i = 0;
  let j = 0;
  while (i < u.length && j < v.length) {
    const x = Math.min(u[i], v[j]);
    while (u[i] === x) i++;
    while (v[j] === x) j++;
    steps = Math.max(steps, Math.abs(i * uStep - j * vStep));
  }
  return steps;
}

function sortSample(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) {
    throw new LoaderError("usage", "A goodness-of-fit test needs at least one value.");
  }
  // NaN sorts to the end.
  if (Number.isNaN(sorted[sorted.length - 1])) {
    throw new LoaderError("usage", "A goodness-of-fit test cannot be made of values with NaN.");
  }
  return sorted;
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
