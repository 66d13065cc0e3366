import { readTwinFolder } from "../../store/read/experiment_folder.ts";
import type { DivergenceMetric } from "../../store/schema/manifest.ts";
import { deriveInstanceCounts, type InstanceCountSeries } from "../instance_life.ts";
import { selectInvocations, selectMeasured } from "../invocation_selection.ts";
import type { StoredInvocations } from "../../store/read/stored_invocations.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "../occupancy.ts";
import { rankMeasure } from "../ranked_quantiles.ts";
import { deriveResponseTimeMs } from "../invocation_times.ts";
import { readRunTables, type RunTables } from "../run_analysis.ts";
import { deriveWaterfalls, type Waterfall } from "./waterfall.ts";
import { chooseTimeBins, countPerBin, type TimeBins } from "../time_bins.ts";

/** A figure of a run and the same one of its twin. */
export interface Twinned<T> {
  readonly run: T;
  readonly twin: T;
}

/** A run beside its twin; its size is bounded whatever the run's. */
export interface TwinAnalysis {
  /** What its manifest says of it. */
  readonly notes: readonly string[];
  readonly divergence: readonly DivergenceMetric[];
  /** In [0, 1], ascending. */
  readonly quantiles: readonly number[];
  /**
   * Response time at these quantiles; `Infinity` among those that are not ok, `null` with
   * too few observations beyond.
   */
  readonly responseTimeMs: Twinned<readonly (number | null)[]>;
  /** What the run took beyond the twin, part by part: of all, and of its slowest. */
  readonly waterfalls: readonly Waterfall[];
  readonly endMs: number;
  readonly bins: TimeBins;
  /** Cold invocations of the measurement phase in each bin. */
  readonly coldPerBin: Twinned<Uint32Array>;
  /** `null` if unknown. */
  readonly instances: Twinned<InstanceCountSeries> | null;
  /** Most that were ready at once in the measurement phase. */
  readonly readyPeak: Twinned<number | null>;
}

/** Most bins of a time series, as of the run's own figures. */
const MAX_BINS = 240;

/** Every hundredth, without the ends, which one invocation decides. */
const QUANTILES = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/**
 * Puts a run beside its twin, if it has one.
 *
 * @throws LoaderError `result` when a table of the twin is broken
 */
export function readTwinAnalysis(run: RunTables): TwinAnalysis | null {
  const folder = readTwinFolder(run.run);
  if (folder === null) return null;
  const twin = readRunTables(folder);
  const endMs = Math.max(run.endMs, twin.endMs);
  const bins = chooseTimeBins(endMs, MAX_BINS, 100);
  const both = <T>(derive: (tables: RunTables) => T): Twinned<T> => ({
    run: derive(run),
    twin: derive(twin),
  });
  return {
    notes: folder.manifest.notes,
    divergence: folder.divergence,
    quantiles: QUANTILES,
    responseTimeMs: both(({ invocations }) => {
      const measured = selectMeasured(invocations);
      return rankMeasure(measured, deriveResponseTimeMs(measured), QUANTILES);
    }),
    waterfalls: deriveWaterfalls(run, twin),
    endMs,
    bins,
    coldPerBin: both(({ invocations }) => countCold(invocations, bins)),
    instances: run.instanceLives === null || twin.instanceLives === null
      ? null
      : both(({ instanceLives }) => deriveInstanceCounts(instanceLives!, bins)),
    readyPeak: both(({ run: { manifest }, instanceLives }) =>
      instanceLives === null
        ? null
        : deriveOccupancy(listInstanceStays(instanceLives, "ready"), listMeasuredSpans(manifest))
          ?.peak ?? null
    ),
  };
}

function countCold(invocations: StoredInvocations, bins: TimeBins): Uint32Array {
  const cold = selectInvocations(
    invocations,
    (row) => invocations.measured[row] === 1 && invocations.coldStart[row] === 1,
  );
  return countPerBin(cold.scheduledMs, bins);
}
