/** Residuals below this part of the series' squares are rounding error: a perfect fit. */
const PERFECT_FIT = 1e-20;

/** With fewer values, three or less residuals would decide between the models. */
const LEAST_VALUES = 6;

/** A model fitted to the series. */
interface Fit {
  /** Parameters that were estimated, without the variance. */
  readonly parameters: number;
  /** Its prediction of a value from the two before it. */
  predict(last: number, lastButOne: number): number;
}

/**
 * The next value of a short series of idle times, by the best of four ARIMA
 * models, each fitted by least squares: the mean (0,0,0), the last value
 * (0,1,0), autoregression of the values (1,0,0) and of their differences
 * (1,1,0). The best has the least AIC of its one-step residuals, all over the
 * same values (Akaike, IEEE Transactions on Automatic Control 19 (6), 1974), of
 * equal ones the one with fewer parameters. A series too short to tell, of fewer
 * than 6 values, is forecast by its mean.
 *
 * This stands for the `auto_arima` of Shahrad et al., "Serverless in the Wild",
 * USENIX ATC 2020, which also searches moving averages and higher
 * orders, by maximum likelihood.
 *
 * @param series idle times in ms, the oldest first, at least one
 *
 * @example
 * ```ts
 * import { forecastIdleTime } from "./idle_time_forecast.ts";
 * const next = forecastIdleTime([5, 9, 5, 9, 5, 9, 5, 9]);
 * if (Math.abs(next - 5) > 1e-9) throw new Error("does not alternate");
 * ```
 */
export function forecastIdleTime(series: ArrayLike<number>): number {
  const values = Array.from(series);
  const mean = average(values);
  if (values.length < LEAST_VALUES) return mean;
  let best: Fit = { parameters: 1, predict: () => mean };
  let least = Infinity;
  for (const fit of fitModels(values, mean)) {
    const criterion = akaike(values, fit);
    if (criterion < least) {
      least = criterion;
      best = fit;
    }
  }
  return Math.max(0, best.predict(values[values.length - 1], values[values.length - 2]));
}

function fitModels(values: readonly number[], mean: number): Fit[] {
  const level = regress(values.slice(0, -1), values.slice(1));
  const differences = values.slice(1).map((value, i) => value - values[i]);
  const change = proportion(differences.slice(0, -1), differences.slice(1));
  return [
    { parameters: 0, predict: (last) => last },
    { parameters: 1, predict: () => mean },
    { parameters: 1, predict: (last, lastButOne) => last + change * (last - lastButOne) },
    { parameters: 2, predict: (last) => level.intercept + level.slope * last },
  ];
}

/** Akaike's information criterion of the one-step residuals. */
function akaike(values: readonly number[], { parameters, predict }: Fit): number {
  let residual = 0;
  let square = 0;
  for (let i = 2; i < values.length; i++) {
    residual += (values[i] - predict(values[i - 1], values[i - 2])) ** 2;
    square += values[i] ** 2;
  }
  const count = values.length - 2;
  return count * Math.log(Math.max(residual, square * PERFECT_FIT) / count) + 2 * parameters;
}

/** Least squares of y = intercept + slope · x; no slope where x does not vary. */
function regress(
  x: readonly number[],
  y: readonly number[],
): { readonly intercept: number; readonly slope: number } {
  const xMean = average(x);
  const yMean = average(y);
  const slope = proportion(x.map((value) => value - xMean), y.map((value) => value - yMean));
  return { intercept: yMean - slope * xMean, slope };
}

/** Least squares of y = factor · x; 0 where x is all 0. */
function proportion(x: readonly number[], y: readonly number[]): number {
  let product = 0;
  let square = 0;
  for (let i = 0; i < x.length; i++) {
    product += x[i] * y[i];
    square += x[i] ** 2;
  }
  return square === 0 ? 0 : product / square;
}

function average(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
