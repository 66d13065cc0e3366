import { quantile } from "../stats/quantile.ts";

/** Observed values by quantile, linear in between; quantiles ascend from 0 to 1. */
export interface EmpiricalDistribution {
  readonly kind: "quantiles";
  readonly quantiles: readonly number[];
  readonly values: readonly number[];
}

/** The quantiles that are kept: every fiftieth, and more where tails decide. */
const QUANTILES = [
  ...Array.from({ length: 50 }, (_, i) => i / 50),
  0.99,
  0.995,
  0.998,
  0.999,
  1,
];

/** A thousandth of a millisecond, as in the tables. */
const DECIMALS = 3;

/**
 * The distribution of observed values, by at most some fifty quantiles, so that
 * it can be written down and drawn from. Few values are kept as they are.
 *
 * @param values not negative; negative ones count as 0
 * @returns `null` without a value
 *
 * @example
 * ```ts
 * import { deriveEmpiricalDistribution } from "./empirical_distribution.ts";
 * const { quantiles, values } = deriveEmpiricalDistribution([300, 100, 200])!;
 * if (quantiles.join() !== "0,0.5,1" || values.join() !== "100,200,300") throw new Error();
 * ```
 */
export function deriveEmpiricalDistribution(
  values: Iterable<number>,
): EmpiricalDistribution | null {
  const sorted = Float64Array.from(values, (value) => Math.max(0, value)).sort();
  if (sorted.length === 0) return null;
  const last = sorted.length - 1;
  const quantiles = last >= QUANTILES.length
    ? QUANTILES
    : last === 0
    ? [0, 1]
    : Array.from(sorted, (_, i) => i / last);
  return {
    kind: "quantiles",
    quantiles,
    values: quantiles.map((q) => Number(quantile(sorted, q)!.toFixed(DECIMALS))),
  };
}
