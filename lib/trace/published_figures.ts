import type { Percentiles } from "../model/trace.ts";
import { meanOfInterpolation } from "./percentiles.ts";

/**
 * Average execution time of a function in seconds, log-normal ("Serverless in the Wild",
 * Shahrad et al., USENIX ATC 2020, figure 7).
 */
export const RUNTIME_LOG_MEAN = -0.38;
export const RUNTIME_LOG_SIGMA = 2.36;

/** Memory of an application in MB, Burr type XII (there, figure 8). */
export const MEMORY_BURR_C = 11.652;
export const MEMORY_BURR_K = 0.221;
export const MEMORY_BURR_LAMBDA = 107.083;

/** The quantiles at which Azure Functions 2019 tells runtimes. */
export const RUNTIME_QUANTILES: readonly number[] = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1];
/** The quantiles at which it tells memory. */
export const MEMORY_QUANTILES: readonly number[] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];

/** Standard normal quantiles at those; the ends are cut at ±3 σ. */
export const RUNTIME_Z: readonly number[] = [-3, -2.3263, -0.6745, 0, 0.6745, 2.3263, 3];
export const MEMORY_Z: readonly number[] = [
  ...[-2.3263, -1.6449, -0.6745, 0, 0.6745, 1.6449, 2.3263, 3],
];

/**
 * Percentiles of a log-normal distribution, scaled so that interpolating between them has
 * the mean asked for.
 *
 * @param z standard normal quantiles at the `quantiles`
 * @param sigma of the logarithm
 *
 * @example
 * ```ts
 * import { RUNTIME_QUANTILES, RUNTIME_Z, spreadLogNormal } from "./published_figures.ts";
 * const { values, mean } = spreadLogNormal(RUNTIME_QUANTILES, RUNTIME_Z, 100, 0.5);
 * if (mean !== 100 || values[3] >= 100) throw new Error("the median is below the mean");
 * ```
 */
export function spreadLogNormal(
  quantiles: readonly number[],
  z: readonly number[],
  mean: number,
  sigma: number,
): Percentiles {
  const shape = z.map((value) => Math.exp(sigma * value));
  const scale = mean / meanOfInterpolation(quantiles, shape);
  return { quantiles, values: shape.map((value) => value * scale), mean };
}

/** The same in whole numbers from 1, as files tell them. */
export function roundPercentiles({ quantiles, values, mean }: Percentiles): Percentiles {
  const whole = (value: number) => Math.max(1, Math.round(value));
  return { quantiles, values: values.map(whole), mean: whole(mean) };
}
