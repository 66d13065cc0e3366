import { LoaderError } from "../base/error.ts";
import { normalCdf } from "./gamma_function.ts";
import { LeastSquares } from "./least_squares.ts";

/** The result of {@linkcode augmentedDickeyFuller}. */
export interface AdfResult {
  /** The t-statistic of the level; the more negative, the less like a unit root. */
  readonly statistic: number;
  /** MacKinnon's approximate p-value of the hypothesis of a unit root. */
  readonly pValue: number;
  /** Lagged differences in the regression. */
  readonly usedLag: number;
  /** Differences that the regression was made over. */
  readonly observations: number;
  /** The statistic at which the p-value is 1, 5 and 10 %. */
  readonly criticalValues: { readonly "1%": number; readonly "5%": number; readonly "10%": number };
  /** Akaike's information criterion of the lag that was chosen, over the sample common to all. */
  readonly aic: number;
}

/** A series needs this many points for one degree of freedom. */
const LEAST_POINTS = 4;

/** A residual below this part of the differences' square sum is rounding error: a perfect fit. */
const PERFECT_FIT = 1e-20;

/**
 * Response surfaces of the critical values with a constant, in powers of one
 * over the number of observations: MacKinnon, "Critical Values for Cointegration
 * Tests", Queen's Economics Department Working Paper 1227, 2010 (N = 1).
 */
const CRITICAL_VALUES = {
  "1%": [-3.43035, -6.5393, -16.786, -79.433],
  "5%": [-2.86154, -2.8903, -4.234, -40.04],
  "10%": [-2.56677, -1.5384, -2.809, 0],
} as const;

/**
 * Polynomials in the statistic whose normal probability is the p-value, with a
 * constant: MacKinnon, "Approximate Asymptotic Distribution Functions for
 * Unit-Root and Cointegration Tests", Journal of Business & Economic Statistics
 * 12 (2), 1994 (N = 1), with the range that they hold in.
 */
const P_VALUE = {
  least: -18.83,
  small: [2.1659, 1.4412, 0.038269],
  smallUpTo: -1.61,
  large: [1.7339, 0.93202, -0.12745, -0.010368],
  most: 2.74,
} as const;

/**
 * Augmented Dickey-Fuller test of a series for a unit root, with a constant.
 * The lag is the one of least AIC among 0 … 12·(n/100)^¼ (Schwert, 1989), all
 * compared over the same sample; the test is then made over all that this lag
 * leaves. Equal to `adfuller(series, regression="c", autolag="AIC")` of
 * statsmodels. A p-value of at most 0.05 means: no unit root, so stationary.
 *
 * @throws {LoaderError} `usage` when a value is not finite, or there is nothing
 * to test: fewer than 4 points, a constant series, or one that its past explains
 * without an error (to which statsmodels gives a statistic of about minus infinity)
 *
 * @example
 * ```ts
 * import { augmentedDickeyFuller } from "./adf.ts";
 * const { pValue, usedLag } = augmentedDickeyFuller([5, 3, 6, 2, 5, 4, 6, 3, 5, 2, 6, 4]);
 * if (pValue > 0.05 || usedLag !== 4) throw new Error("it swings about 4");
 * ```
 */
export function augmentedDickeyFuller(series: ArrayLike<number>): AdfResult {
  const result = adfTest(series);
  if (result !== null) return result;
  let reason = "its past explains it without an error";
  if (series.length < LEAST_POINTS) reason = `it has ${series.length} values of at least 4`;
  else if (isConstant(series)) reason = `every value is ${series[0]}`;
  throw new LoaderError("usage", `The series cannot be tested for a unit root: ${reason}.`);
}

/**
 * {@linkcode augmentedDickeyFuller} for series of which some have nothing to test.
 *
 * @returns `null` when there is nothing to test
 * @throws {LoaderError} `usage` when a value is not finite
 *
 * @example
 * ```ts
 * import { adfTest } from "./adf.ts";
 * if (adfTest([7, 7, 7, 7, 7, 7]) !== null) throw new Error("constant");
 * ```
 */
export function adfTest(series: ArrayLike<number>): AdfResult | null {
  const levels = Float64Array.from(series);
  const wrong = levels.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new LoaderError(
      "usage",
      `Value ${wrong} of the series is ${levels[wrong]}; a unit root test needs finite values.`,
      { value: levels[wrong] },
    );
  }
  if (levels.length < LEAST_POINTS || isConstant(levels)) return null;
  const differences = Float64Array.from(
    { length: levels.length - 1 },
    (_, i) => levels[i + 1] - levels[i],
  );
  const best = chooseLag(levels, differences, longestLag(levels.length));
  if (best === null) return null;
  const { lag, aic } = best;

  const fit = new LeastSquares(differences.subarray(lag));
  const observations = differences.length - lag;
  addConstant(fit, observations);
  for (let i = 1; i <= lag; i++) addLaggedDifference(fit, differences, lag, i);
  // Last, so that its t-statistic is the one of the whole model.
  const statistic = fit.addColumn(levels.subarray(lag, levels.length - 1));
  if (statistic === null || !Number.isFinite(statistic) || isPerfect(fit, differences)) return null;
  return {
    statistic,
    pValue: unitRootPValue(statistic),
    usedLag: lag,
    observations,
    criticalValues: {
      "1%": polynomial(CRITICAL_VALUES["1%"], 1 / observations),
      "5%": polynomial(CRITICAL_VALUES["5%"], 1 / observations),
      "10%": polynomial(CRITICAL_VALUES["10%"], 1 / observations),
    },
    aic,
  };
}

function isConstant(series: ArrayLike<number>): boolean {
  for (let i = 1; i < series.length; i++) if (series[i] !== series[0]) return false;
  return true;
}

/** The longest lag to try; the second bound keeps a degree of freedom. */
function longestLag(points: number): number {
  return Math.min(Math.ceil(12 * Math.pow(points / 100, 1 / 4)), Math.floor(points / 2) - 2);
}

function chooseLag(
  levels: Float64Array,
  differences: Float64Array,
  longest: number,
): { lag: number; aic: number } | null {
  const count = differences.length - longest;
  const fit = new LeastSquares(differences.subarray(longest));
  addConstant(fit, count);
  fit.addColumn(levels.subarray(longest, levels.length - 1));
  let best: { lag: number; aic: number } | null = null;
  for (let lag = 0; lag <= longest; lag++) {
    if (lag > 0) addLaggedDifference(fit, differences, longest, lag);
    if (isPerfect(fit, differences)) return null;
    const aic = akaike(fit, count);
    if (best === null || aic < best.aic) best = { lag, aic };
  }
  return best;
}

function addConstant(fit: LeastSquares, count: number): void {
  fit.addColumn(new Float64Array(count).fill(1));
}

/** Adds the differences `lag` steps before those from index `start` on. */
function addLaggedDifference(
  fit: LeastSquares,
  differences: Float64Array,
  start: number,
  lag: number,
): void {
  fit.addColumn(differences.subarray(start - lag, differences.length - lag));
}

function isPerfect(fit: LeastSquares, differences: Float64Array): boolean {
  const squares = differences.reduce((sum, value) => sum + value * value, 0);
  return !(fit.residualSumOfSquares > squares * PERFECT_FIT);
}

/** −2 × the greatest log-likelihood of a normal linear model + 2 × its coefficients. */
function akaike(fit: LeastSquares, count: number): number {
  const logVariance = Math.log(2 * Math.PI * fit.residualSumOfSquares / count);
  return count * (logVariance + 1) + 2 * fit.rank;
}

function unitRootPValue(statistic: number): number {
  if (statistic > P_VALUE.most) return 1;
  if (statistic < P_VALUE.least) return 0;
  const coefficients = statistic <= P_VALUE.smallUpTo ? P_VALUE.small : P_VALUE.large;
  return normalCdf(polynomial(coefficients, statistic));
}

/** The value at `x` of a polynomial, lowest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}
