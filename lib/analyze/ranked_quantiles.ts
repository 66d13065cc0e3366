import { rankedQuantile } from "../stats/quantile.ts";
import { isRankedCode, OK_CODE, type StoredInvocations } from "../store/read/stored_invocations.ts";

/** The percentiles that are reported. */
export const PERCENTILES = ["p50", "p90", "p95", "p99"] as const;

/** See {@linkcode PERCENTILES}. */
export type Percentile = (typeof PERCENTILES)[number];

/**
 * Values by percentile. `Infinity` where the percentile falls among the
 * invocations that are not ok; `null` with fewer than 10 observations beyond it.
 */
export type PercentileValues = Readonly<Record<Percentile, number | null>>;

/** Percentiles of one measure over a set of invocations. */
export interface RankedQuantiles {
  /** Those that are ranked: not dropped by the generator, and not stopped by the user. */
  readonly observations: number;
  /** How many of them are not ok and count as infinite. */
  readonly infinite: number;
  readonly all: PercentileValues;
  /** The same over the ok ones alone. */
  readonly okOnly: PercentileValues;
}

const FRACTIONS: Readonly<Record<Percentile, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
};

/**
 * Ranks every invocation that {@linkcode isRankedCode} by a measure of it. What is not
 * ok counts as infinite, so that a platform that fails its slowest calls gains
 * nothing.
 *
 * @param measure value of every row of the table
 */
export function deriveRankedQuantiles(
  table: StoredInvocations,
  measure: Float64Array,
): RankedQuantiles {
  const { sortedOk, infinite } = rank(table, measure);
  return {
    observations: sortedOk.length + infinite,
    infinite,
    all: percentilesOf(sortedOk, infinite),
    okOnly: percentilesOf(sortedOk, 0),
  };
}

/**
 * A measure of the same invocations at any quantiles; `null` with too few observations
 * beyond one.
 *
 * @param measure value of every row of the table
 */
export function rankMeasure(
  table: StoredInvocations,
  measure: Float64Array,
  quantiles: readonly number[],
): (number | null)[] {
  const { sortedOk, infinite } = rank(table, measure);
  return quantiles.map((quantile) => rankedQuantile(sortedOk, infinite, quantile));
}

function rank(
  table: StoredInvocations,
  measure: Float64Array,
): { readonly sortedOk: Float64Array; readonly infinite: number } {
  const ok = new Float64Array(table.count);
  let okCount = 0;
  let infinite = 0;
  for (let row = 0; row < table.count; row++) {
    if (!isRankedCode(table.outcome[row])) continue;
    if (table.outcome[row] === OK_CODE && !Number.isNaN(measure[row])) ok[okCount++] = measure[row];
    else infinite++;
  }
  return { sortedOk: ok.subarray(0, okCount).sort(), infinite };
}

function percentilesOf(sortedOk: Float64Array, infinite: number): PercentileValues {
  const valueAt = (percentile: Percentile) =>
    rankedQuantile(sortedOk, infinite, FRACTIONS[percentile]);
  return { p50: valueAt("p50"), p90: valueAt("p90"), p95: valueAt("p95"), p99: valueAt("p99") };
}
