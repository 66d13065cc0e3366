import {
  type AutoscalerSeries,
  deriveAutoscalerSeries,
  thinAutoscalerSeries,
} from "./autoscaler_series.ts";
import { chooseTimeBins, countPerBin, maxPerBin, type TimeBins } from "./time_bins.ts";
import {
  type ColdStart,
  type ColdStartSummary,
  deriveColdStarts,
  deriveColdStartSummary,
} from "./cold_start_parts.ts";
import { listColdInvocations } from "./cold_invocation.ts";
import { type ConcurrencySeries, deriveConcurrency, listInFlightStays } from "./concurrency.ts";
import { deriveDispatchLagMs } from "./invocation_times.ts";
import type { StoredRun } from "../store/read/experiment_folder.ts";
import {
  deriveInstanceCounts,
  deriveInstanceLives,
  type InstanceCountSeries,
  type InstanceLife,
  selectMeasuredStarts,
} from "./instance_life.ts";
import { selectInvocations, selectMeasured } from "./invocation_selection.ts";
import { createInvocations, type StoredInvocations } from "../store/read/stored_invocations.ts";
import { type ColumnTable, StoredTables } from "../store/read/stored_table.ts";
import {
  GENERATOR,
  INSTANCES,
  INVOCATIONS,
  PLATFORM_METRICS,
  PROCESSES,
} from "../store/schema/tables.ts";
import { largest } from "../stats/quantile.ts";
import { deriveMinutes, deriveSummary, type Minute, type Summary } from "./summary.ts";
import {
  deriveOccupancy,
  listInstanceStays,
  listMeasuredSpans,
  type Occupancy,
  type Stays,
} from "./occupancy.ts";
import { deriveResponsePoints, type ResponsePoint } from "./response_point.ts";

/** All tables of a run that an analysis looks at; their size grows with the run. */
export interface RunTables {
  readonly run: StoredRun;
  readonly invocations: StoredInvocations;
  /** `null` where the platform told nothing. */
  readonly instanceLives: readonly InstanceLife[] | null;
  /** `null` where the platform told nothing of the parts of a start. */
  readonly coldStarts: readonly ColdStart[] | null;
  readonly generator: GeneratorTable;
  /** `null` where the platform told nothing. */
  readonly autoscaler: AutoscalerSeries | null;
  readonly processPeaks: readonly ProcessPeak[];
  /** End of the last thing that is known of the run, ms since run start. */
  readonly endMs: number;
}

/**
 * Reads the tables of a run, each once. A table that is missing has no rows.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readRunTables(run: StoredRun): RunTables {
  const tables = new StoredTables(run.path);
  const invocations = createInvocations(tables.get(INVOCATIONS));
  const instanceLives = deriveInstanceLives(tables.get(INSTANCES));
  const hasSteps = instanceLives?.some(({ steps }) => steps !== undefined) ?? false;
  return {
    run,
    invocations,
    instanceLives,
    coldStarts: hasSteps
      ? deriveColdStarts(instanceLives ?? [], listColdInvocations(invocations))
      : null,
    generator: createGeneratorTable(tables.get(GENERATOR)),
    autoscaler: deriveAutoscalerSeries(tables.get(PLATFORM_METRICS)),
    processPeaks: deriveProcessPeaks(tables.get(PROCESSES)),
    endMs: Math.max(
      largest(invocations.completedMs) ?? 0,
      largest(invocations.scheduledMs) ?? 0,
      1_000,
    ),
  };
}

/** What the generator did, second by second; NaN where unknown. */
export interface GeneratorTable {
  readonly count: number;
  readonly timeMs: Float64Array;
  /** 1 where the verdict judges the second; runs of earlier versions did not tell: all of them. */
  readonly measured: Uint8Array;
  readonly loopDelayMaxMs: Float64Array;
  readonly cpuPercent: Float64Array;
}

function createGeneratorTable(table: ColumnTable): GeneratorTable {
  const phase = table.texts("phase");
  return {
    count: table.rowCount,
    timeMs: table.numbers("time_ms"),
    measured: Uint8Array.from(
      phase.codes,
      (code) => code < 0 || phase.values[code] === "measurement" ? 1 : 0,
    ),
    loopDelayMaxMs: table.numbers("loop_delay_max_ms"),
    cpuPercent: table.numbers("cpu_percent"),
  };
}

/** What is derived of one run; its size is bounded whatever the run's. */
export interface RunAnalysis {
  readonly run: StoredRun;
  /** Summary of the measurement phase. */
  readonly summary: Summary;
  /** Invocations of the warm-up, which are not in `summary`. */
  readonly warmupInvocations: number;
  /** Instances that began to start in the measurement phase; `null` if unknown. */
  readonly instanceStarts: number | null;
  /** `null` if unknown. */
  readonly coldStartParts: ColdStartSummary | null;
  readonly endMs: number;
  /** Bins of at least a second, for counts. */
  readonly bins: TimeBins;
  readonly scheduledPerBin: Uint32Array;
  readonly dispatchedPerBin: Uint32Array;
  readonly coldInvocationsPerBin: Uint32Array;
  /** `null` if unknown. */
  readonly instanceStartsPerBin: Uint32Array | null;
  readonly dispatchLagMaxMsPerBin: Float64Array;
  readonly loopDelayMaxMsPerBin: Float64Array;
  readonly cpuMaxPercentPerBin: Float64Array;
  readonly concurrency: ConcurrencySeries;
  readonly instances: InstanceCountSeries | null;
  /** `null` if unknown. */
  readonly autoscaler: AutoscalerSeries | null;
  readonly measured: MeasuredLevels;
  readonly responsePoints: readonly ResponsePoint[];
  readonly minutes: readonly Minute[];
  /** Of the loader, over the seconds that the verdict judges. */
  readonly cpuMaxPercent: number | null;
  readonly cpuMeanPercent: number | null;
  readonly processPeaks: readonly ProcessPeak[];
}

/** Levels over the measurement phase, without warm-up and drain; `null` where unknown. */
export interface MeasuredLevels {
  readonly inFlight: Occupancy | null;
  /** By Little's law: the requested runtimes of its invocations over its length. */
  readonly expectedInFlight: number | null;
  readonly ready: Occupancy | null;
  readonly starting: Occupancy | null;
  /** The largest that the autoscaler wanted and saw. */
  readonly autoscaler: Readonly<Record<Exclude<keyof AutoscalerSeries, "timeMs">, number | null>>;
}

/** Most bins of a time series: about one for every two pixels of a figure. */
const MAX_BINS = 240;
/** A figure's width and height divided by the size of a dot. */
const POINT_RASTER = { columns: 220, rowsPerDecade: 16 };

/** Derives all that a report shows of a run. */
export function deriveRunAnalysis(tables: RunTables): RunAnalysis {
  const { run, invocations, instanceLives, generator, autoscaler, endMs } = tables;
  const bins = chooseTimeBins(endMs, MAX_BINS, 1_000);
  const fineBins = chooseTimeBins(endMs, MAX_BINS, 100);
  const measured = selectMeasured(invocations);
  const inFlight = listInFlightStays(invocations);
  const cold = selectInvocations(invocations, (row) => invocations.coldStart[row] === 1);
  // A generator's row is written at the end of its second; the middle tells its bin.
  const generatorMs = generator.timeMs.map((timeMs) => timeMs - 500);
  const cpuPercent = generator.cpuPercent.filter((value, row) =>
    generator.measured[row] === 1 && !Number.isNaN(value)
  );
  return {
    run,
    summary: deriveSummary(measured),
    warmupInvocations: invocations.count - measured.count,
    instanceStarts: instanceLives === null
      ? null
      : selectMeasuredStarts(instanceLives, run.manifest.phases).length,
    coldStartParts: tables.coldStarts === null
      ? null
      : deriveColdStartSummary(tables.coldStarts, run.manifest.phases),
    endMs,
    bins,
    scheduledPerBin: countPerBin(invocations.scheduledMs, bins),
    dispatchedPerBin: countPerBin(invocations.dispatchedMs, bins),
    coldInvocationsPerBin: countPerBin(cold.scheduledMs, bins),
    instanceStartsPerBin: instanceLives === null
      ? null
      : countPerBin(instanceLives.map((life) => life.createdMs), bins),
    dispatchLagMaxMsPerBin: maxPerBin(
      invocations.scheduledMs,
      deriveDispatchLagMs(invocations),
      bins,
    ),
    loopDelayMaxMsPerBin: maxPerBin(generatorMs, generator.loopDelayMaxMs, bins),
    cpuMaxPercentPerBin: maxPerBin(generatorMs, generator.cpuPercent, bins),
    concurrency: deriveConcurrency(inFlight, fineBins),
    instances: instanceLives === null ? null : deriveInstanceCounts(instanceLives, fineBins),
    autoscaler: autoscaler === null ? null : thinAutoscalerSeries(autoscaler, MAX_BINS),
    measured: deriveMeasuredLevels(tables, measured, inFlight),
    responsePoints: deriveResponsePoints(invocations, endMs, POINT_RASTER),
    minutes: deriveMinutes(invocations),
    cpuMaxPercent: largest(cpuPercent),
    cpuMeanPercent: cpuPercent.length === 0
      ? null
      : cpuPercent.reduce((sum, value) => sum + value, 0) / cpuPercent.length,
    processPeaks: tables.processPeaks,
  };
}

function deriveMeasuredLevels(
  { run: { manifest }, instanceLives, autoscaler }: RunTables,
  measured: StoredInvocations,
  inFlight: Stays,
): MeasuredLevels {
  const spans = listMeasuredSpans(manifest);
  const lengthMs = spans.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
  const requestedMs = measured.requestedRuntimeMs.reduce((sum, runtimeMs) => sum + runtimeMs, 0);
  const levelOf = (state: "starting" | "ready") =>
    instanceLives === null ? null : deriveOccupancy(listInstanceStays(instanceLives, state), spans);
  const isMeasured = (timeMs: number) =>
    spans.some(({ fromMs, untilMs }) => timeMs >= fromMs && timeMs < untilMs);
  const peakOf = (values: Float64Array | undefined) =>
    values === undefined
      ? null
      : largest(values.filter((_, row) => isMeasured(autoscaler!.timeMs[row])));
  return {
    inFlight: deriveOccupancy(inFlight, spans),
    expectedInFlight: lengthMs > 0 ? requestedMs / lengthMs : null,
    ready: levelOf("ready"),
    starting: levelOf("starting"),
    autoscaler: {
      desiredInstances: peakOf(autoscaler?.desiredInstances),
      actualInstances: peakOf(autoscaler?.actualInstances),
      stableConcurrency: peakOf(autoscaler?.stableConcurrency),
      panicConcurrency: peakOf(autoscaler?.panicConcurrency),
    },
  };
}

/** The most that a group of processes used at once; `null` where unknown. */
export interface ProcessPeak {
  /** `loader`, `gateway` or `instances`. */
  readonly group: string;
  readonly processes: number | null;
  /** % of a core, whole group. */
  readonly cpuPercent: number | null;
  /** Resident memory of the whole group. */
  readonly memoryMib: number | null;
}

/**
 * Derives the peaks of the table `processes`, a row a group.
 *
 * @throws LoaderError `result` when the table is broken
 */
export function deriveProcessPeaks(table: ColumnTable): ProcessPeak[] {
  const group = table.texts("group");
  const processes = table.numbers("processes");
  const cpuPercent = table.numbers("cpu_percent");
  const memoryMib = table.numbers("memory_mib");
  const peakOf = (values: Float64Array, code: number): number | null => {
    let peak: number | null = null;
    for (let row = 0; row < table.rowCount; row++) {
      if (group.codes[row] !== code || Number.isNaN(values[row])) continue;
      if (peak === null || values[row] > peak) peak = values[row];
    }
    return peak;
  };
  return group.values.map((name, code) => ({
    group: name,
    processes: peakOf(processes, code),
    cpuPercent: peakOf(cpuPercent, code),
    memoryMib: peakOf(memoryMib, code),
  }));
}
