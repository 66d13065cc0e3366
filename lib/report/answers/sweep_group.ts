import type { Percentile, RankedQuantiles } from "../../analyze/ranked_quantiles.ts";
import type { RunStanding } from "../../analyze/experiment_verdict.ts";
import { medianInterval } from "../../stats/median_interval.ts";
import { quantile } from "../../stats/quantile.ts";

/** What one run of a sweep came to in one measure. */
export interface SweepPoint {
  /** Value of the swept parameter. */
  readonly x: number;
  readonly standing: RunStanding;
  readonly quantiles: RankedQuantiles;
}

/** A run as it is drawn. */
export interface SweepDot {
  readonly value: number;
  readonly standing: RunStanding;
}

/** What the runs of a group that count come to together. */
export interface SweepSummary {
  /** Between a number and ∞ it is ∞. */
  readonly median: number;
  /** The confidence interval of the median; where there is none, the range of the runs. */
  readonly low: number;
  readonly high: number;
  /** Probability that the interval covers the median; `null` where it is the range. */
  readonly coverage: number | null;
}

/** The runs of one value of the swept parameter, in one percentile. */
export interface SweepGroup {
  readonly x: number;
  /** Runs that have enough observations for the percentile, also those that do not count. */
  readonly dots: readonly SweepDot[];
  /** Runs that count and have enough observations for the percentile. */
  readonly count: number;
  /** Runs that count. */
  readonly counted: number;
  /** `null` where `count` is 0. */
  readonly summary: SweepSummary | null;
}

/** A percentile along the swept parameter. */
export interface SweepSeries {
  readonly percentile: Percentile;
  readonly groups: readonly SweepGroup[];
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
  return {
    percentile,
    groups: xs.map((x) => deriveGroup(points.filter((point) => point.x === x), x, percentile)),
  };
}

function deriveGroup(
  points: readonly SweepPoint[],
  x: number,
  percentile: Percentile,
): SweepGroup {
  const dots = points.flatMap(({ quantiles, standing }) => {
    const value = quantiles.all[percentile];
    return value === null ? [] : [{ value, standing }];
  });
  const sorted = Float64Array.from(
    dots.filter(({ standing }) => standing.isCounted),
    ({ value }) => value,
  ).sort();
  return {
    x,
    dots,
    count: sorted.length,
    counted: points.filter(({ standing }) => standing.isCounted).length,
    summary: summarize(sorted),
  };
}

function summarize(sorted: Float64Array): SweepSummary | null {
  const median = quantile(sorted, 0.5);
  if (median === null) return null;
  const interval = medianInterval(sorted);
  return {
    median,
    low: interval?.low ?? sorted[0],
    high: interval?.high ?? sorted[sorted.length - 1],
    coverage: interval?.coverage ?? null,
  };
}

/** Runs of one value of the swept parameter that do not count. */
export interface LeftOut {
  readonly x: number;
  readonly runs: number;
  /** All runs of that value. */
  readonly of: number;
  /** Why, each reason with how often where there are several. */
  readonly reason: string;
}

/** Lists what does not count, by the swept parameter. */
export function listLeftOut(points: readonly SweepPoint[], xs: readonly number[]): LeftOut[] {
  return xs.flatMap((x) => {
    const those = points.filter((point) => point.x === x);
    const words = those.filter(({ standing }) => !standing.isCounted)
      .map(({ standing }) => standing.word);
    if (words.length === 0) return [];
    const kinds = [...new Set(words)];
    const reason = kinds.length === 1
      ? kinds[0]
      : kinds.map((kind) => `${words.filter((word) => word === kind).length} ${kind}`).join(", ");
    return [{ x, runs: words.length, of: those.length, reason }];
  });
}
