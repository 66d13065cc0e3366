import { readTwinFolder } from "../../store/read/experiment_folder.ts";
import type { InvocationColumn } from "../../store/read/invocation_batches.ts";
import type { StoredInvocations } from "../../store/read/stored_invocations.ts";
import type { DivergenceMetric } from "../../store/schema/manifest.ts";
import { deriveInstanceCounts, type InstanceCountSeries } from "../instance_life.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "../occupancy.ts";
import { RankedSketch } from "../ranked_quantiles.ts";
import {
  type InvocationListener,
  readRunInvocations,
  readRunTables,
  type RunTables,
} from "../run_analysis.ts";
import { InvocationCollector } from "../invocation_collector.ts";
import { deriveWaterfalls, type Waterfall } from "./waterfall.ts";
import { BinCounts, chooseTimeBins, reachBins, type TimeBins } from "../time_bins.ts";

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

/** Puts a run beside its twin, while the run's invocations are gone through for its report. */
export interface TwinReading {
  /** Of the run's invocations. */
  readonly listener: InvocationListener;
  /** @param endMs when the run ended, as its invocations tell */
  build(endMs: number): TwinAnalysis;
}

/**
 * Begins to put a run beside its twin; `null` where it has none. The twin's own invocations
 * are gone through at once.
 *
 * @throws LoaderError `result` when a table of the twin is broken
 */
export function beginTwinReading(run: RunTables): TwinReading | null {
  const folder = readTwinFolder(run.run);
  if (folder === null) return null;
  const twin = readRunTables(folder);
  const lengthMs = Math.max(run.aboutEndMs, twin.aboutEndMs);
  const expected = chooseTimeBins(lengthMs, MAX_BINS, 100);
  const [ofRun, ofTwin] = [new TwinListener(expected), new TwinListener(expected)];
  readRunInvocations(twin.run, [ofTwin]);
  return {
    listener: ofRun,
    build(runEndMs) {
      const endMs = Math.max(runEndMs, ofTwin.endMs);
      const bins = reachBins(expected, endMs);
      const both = <T>(derive: (tables: RunTables) => T): Twinned<T> => ({
        run: derive(run),
        twin: derive(twin),
      });
      return {
        notes: folder.manifest.notes,
        divergence: folder.divergence,
        quantiles: QUANTILES,
        responseTimeMs: { run: ofRun.quantiles(), twin: ofTwin.quantiles() },
        waterfalls: waterfallsOf(run, ofRun, twin, ofTwin),
        endMs,
        bins,
        coldPerBin: {
          run: ofRun.coldPerBin.in(bins),
          twin: ofTwin.coldPerBin.in(bins),
        },
        instances: run.instanceLives === null || twin.instanceLives === null
          ? null
          : both(({ instanceLives }) => deriveInstanceCounts(instanceLives!, bins)),
        readyPeak: both(({ run: { manifest }, instanceLives }) =>
          instanceLives === null ? null : deriveOccupancy(
            listInstanceStays(instanceLives, "ready"),
            listMeasuredSpans(manifest),
          )?.peak ?? null
        ),
      };
    },
  };
}

/** None where there are too many invocations to look at one by one. */
function waterfallsOf(
  run: RunTables,
  ofRun: TwinListener,
  twin: RunTables,
  ofTwin: TwinListener,
): Waterfall[] {
  const [own, other] = [ofRun.pairable.build(), ofTwin.pairable.build()];
  if (own === null || other === null) return [];
  return deriveWaterfalls(
    { invocations: own, instanceLives: run.instanceLives },
    { invocations: other, instanceLives: twin.instanceLives },
  );
}

/** So many invocations of a run are set against its twin's one by one. */
const MOST_PAIRED = 1_000_000;

class TwinListener implements InvocationListener {
  readonly columns: readonly InvocationColumn[] = [
    "index",
    "phase",
    "scheduled_ms",
    "dispatched_ms",
    "completed_ms",
    "requested_runtime_ms",
    "served_runtime_ms",
    "instance",
    "cold_start",
    "outcome",
  ];
  readonly pairable = new InvocationCollector(this.columns, MOST_PAIRED);
  readonly coldPerBin: BinCounts;
  readonly #responseTimeMs = new RankedSketch();
  /** When the last of them was due or ended. */
  endMs = 1_000;

  constructor(bins: TimeBins) {
    this.coldPerBin = new BinCounts(bins);
  }

  add(invocations: StoredInvocations): void {
    const { count, scheduledMs, completedMs, coldStart, outcome, measured } = invocations;
    this.pairable.add(invocations);
    for (let row = 0; row < count; row++) {
      if (scheduledMs[row] > this.endMs) this.endMs = scheduledMs[row];
      if (completedMs[row] > this.endMs) this.endMs = completedMs[row];
      if (measured[row] === 0) continue;
      if (coldStart[row] === 1) this.coldPerBin.add(scheduledMs[row]);
      this.#responseTimeMs.add(outcome[row], completedMs[row] - scheduledMs[row]);
    }
  }

  quantiles(): (number | null)[] {
    return QUANTILES.map((quantile) => this.#responseTimeMs.at(quantile));
  }
}
