/**
 * Mean of the distribution that linear interpolation between percentiles gives;
 * below the first quantile it has the first value throughout, above the last the last.
 *
 * @param quantiles in [0, 1], ascending
 *
 * @example
 * ```ts
 * import { meanOfInterpolation } from "./percentiles.ts";
 * if (meanOfInterpolation([0, 0.5, 1], [0, 10, 30]) !== 12.5) throw new Error("wrong mean");
 * if (meanOfInterpolation([0.5], [7]) !== 7) throw new Error("a constant");
 * ```
 */
export function meanOfInterpolation(
  quantiles: readonly number[],
  values: readonly number[],
): number {
  const last = quantiles.length - 1;
  let mean = quantiles[0] * values[0] + (1 - quantiles[last]) * values[last];
  for (let i = 1; i <= last; i++) {
    mean += (quantiles[i] - quantiles[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return mean;
}
