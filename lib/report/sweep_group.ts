import type { Percentile, RankedQuantiles } from "../analyze/ranked_quantiles.ts";
import { Rng } from "../base/rng.ts";
import { bootstrapInterval } from "../stats/bootstrap.ts";
import { quantile } from "../stats/quantile.ts";

/** Fewer repetitions than this are points with their range, not a band (measurement rule 6). */
const LEAST_FOR_BAND = 5;

/** What one run of a sweep came to in one measure. */
export interface SweepPoint {
  /** Value of the swept parameter. */
  readonly x: number;
  readonly isValid: boolean;
  readonly quantiles: RankedQuantiles;
}

/** The runs of one value of the swept parameter, in one percentile. */
export interface SweepGroup {
  readonly x: number;
  readonly runs: readonly { readonly value: number; readonly isValid: boolean }[];
  readonly median: number;
  /** Range of the runs, or the confidence interval of their median. */
  readonly low: number;
  readonly high: number;
  /** Whether `low` and `high` are a 95 % bootstrap confidence interval. */
  readonly isBand: boolean;
}

/** A percentile along the swept parameter; `null` where no run has enough observations for it. */
export interface SweepSeries {
  readonly percentile: Percentile;
  readonly groups: readonly (SweepGroup | null)[];
}

/**
 * Derives a percentile along a swept parameter.
 *
 * @param xs values of the parameter in ascending order, each once
 */
export function deriveSweepSeries(
  points: readonly SweepPoint[],
  xs: readonly number[],
  percentile: Percentile,
): SweepSeries {
  return { percentile, groups: xs.map((x) => deriveGroup(points, x, percentile)) };
}

function deriveGroup(
  points: readonly SweepPoint[],
  x: number,
  percentile: Percentile,
): SweepGroup | null {
  const runs = points.flatMap((point) => {
    const value = point.quantiles.all[percentile];
    return point.x !== x || value === null ? [] : [{ value, isValid: point.isValid }];
  });
  const sorted = Float64Array.from(runs, (run) => run.value).sort();
  const median = quantile(sorted, 0.5);
  if (median === null) return null;
  const isBand = sorted.length >= LEAST_FOR_BAND;
  const interval = isBand
    ? bootstrapInterval(
      sorted,
      (resample) => quantile(resample.sort(), 0.5) ?? NaN,
      Rng.fromSeed(1, "bootstrap", String(x), percentile),
    )
    : null;
  return {
    x,
    runs,
    median,
    low: interval?.low ?? sorted[0],
    high: interval?.high ?? sorted[sorted.length - 1],
    isBand,
  };
}
