import { quantile } from "./quantile.ts";

/**
 * The median of what different seeds came to, and what holds 95 % of them: how much a
 * single one may differ, and no interval of the median.
 *
 * @param values at least one
 *
 * @example
 * ```ts
 * import { summarizeSeeds } from "./seed_summary.ts";
 * const { y, low, high } = summarizeSeeds([3, 1, 2]);
 * if (y !== 2 || low !== 1.05 || high !== 2.95) throw new Error(`${y}, ${low}, ${high}`);
 * ```
 */
export function summarizeSeeds(
  values: readonly number[],
): { readonly y: number; readonly low: number; readonly high: number } {
  const sorted = Float64Array.from(values).sort();
  const [low, y, high] = [0.025, 0.5, 0.975].map((q) => quantile(sorted, q) ?? NaN);
  return { y, low, high };
}
