/**
 * Mean of the distribution that linear interpolation between percentiles
 * gives; below the first quantile it has the first value throughout.
 *
 * @param quantiles in [0, 1], ascending, the last one 1
 * @example
 * ```ts
 * import { meanOfInterpolation } from "./percentile_mean.ts";
 * if (meanOfInterpolation([0, 0.5, 1], [0, 10, 30]) !== 12.5) throw new Error("wrong mean");
 * ```
 */
export function meanOfInterpolation(
  quantiles: readonly number[],
  values: readonly number[],
): number {
  let mean = quantiles[0] * values[0];
  for (let i = 1; i < quantiles.length; i++) {
    mean += (quantiles[i] - quantiles[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return mean;
}
