import type { Percentiles } from "../model/trace.ts";

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
  values: ArrayLike<number>,
): number {
  const last = quantiles.length - 1;
  let mean = quantiles[0] * values[0] + (1 - quantiles[last]) * values[last];
  for (let i = 1; i <= last; i++) {
    mean += (quantiles[i] - quantiles[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return mean;
}

/**
 * The value at a quantile: one that is given, else linear between its neighbours;
 * below the first and above the last it is that.
 *
 * @example
 * ```ts
 * import { valueAtQuantile } from "./percentiles.ts";
 * const percentiles = { quantiles: [0.5, 1], values: [10, 30], mean: 15 };
 * if (valueAtQuantile(percentiles, 0.75) !== 20) throw new Error("between 10 and 30");
 * if (valueAtQuantile(percentiles, 0) !== 10) throw new Error("nothing below is known");
 * ```
 */
export function valueAtQuantile({ quantiles, values }: Percentiles, quantile: number): number {
  const next = quantiles.findIndex((known) => known >= quantile);
  if (next < 0) return values[values.length - 1];
  if (next === 0 || quantiles[next] === quantile) return values[next];
  const share = (quantile - quantiles[next - 1]) / (quantiles[next] - quantiles[next - 1]);
  return values[next - 1] + share * (values[next] - values[next - 1]);
}
