import type { ColumnTable } from "../store/read/stored_table.ts";

/** What the autoscaler wanted and saw over time; NaN where a scrape failed. */
export interface AutoscalerSeries {
  /** When each was observed, ms since run start. */
  readonly timeMs: Float64Array;
  readonly desiredInstances: Float64Array;
  readonly actualInstances: Float64Array;
  /** Averages over functions. */
  readonly stableConcurrency: Float64Array;
  readonly panicConcurrency: Float64Array;
}

/**
 * Derives what the table `platform_metrics` tells of the autoscaler; `null` if it tells
 * nothing of it.
 *
 * @throws LoaderError `result` when the table is broken
 */
export function deriveAutoscalerSeries(table: ColumnTable): AutoscalerSeries | null {
  const series = {
    timeMs: table.numbers("time_ms"),
    desiredInstances: table.numbers("desired_instances"),
    actualInstances: table.numbers("actual_instances"),
    stableConcurrency: table.numbers("stable_concurrency"),
    panicConcurrency: table.numbers("panic_concurrency"),
  };
  const isKnown = [series.desiredInstances, series.actualInstances]
    .some((values) => values.some((value) => !Number.isNaN(value)));
  return isKnown ? series : null;
}

/**
 * Thins a series to at most `maxCount` observations: neighbours are put together
 * as the largest of their values, at the time of the first. Of a series that is
 * short enough nothing is lost.
 */
export function thinAutoscalerSeries(
  series: AutoscalerSeries,
  maxCount: number,
): AutoscalerSeries {
  const { timeMs } = series;
  const size = Math.ceil(timeMs.length / maxCount);
  if (size <= 1) return series;
  const thin = (values: Float64Array) =>
    Float64Array.from({ length: Math.ceil(values.length / size) }, (_, group) => {
      const known = values.subarray(group * size, (group + 1) * size)
        .filter((value) => !Number.isNaN(value));
      return known.length === 0 ? NaN : Math.max(...known);
    });
  return {
    timeMs: timeMs.filter((_, row) => row % size === 0),
    desiredInstances: thin(series.desiredInstances),
    actualInstances: thin(series.actualInstances),
    stableConcurrency: thin(series.stableConcurrency),
    panicConcurrency: thin(series.panicConcurrency),
  };
}
