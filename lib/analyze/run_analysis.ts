import {
  type AutoscalerSeries,
  deriveAutoscalerSeries,
  thinAutoscalerSeries,
} from "./autoscaler_series.ts";
import {
  BinCounts,
  BinMaxima,
  chooseTimeBins,
  countPerBin,
  maxPerBin,
  reachBins,
  type TimeBins,
} from "./time_bins.ts";
import {
  type ColdStart,
  type ColdStartSummary,
  deriveColdStarts,
  deriveColdStartSummary,
} from "./cold_start_parts.ts";
import { type ColdInvocation, listColdInvocations } from "./cold_invocation.ts";
import { type ConcurrencySeries, InFlightSweep } from "./concurrency.ts";
import { dispatchLagMs } from "../model/record.ts";
import type { StoredRun } from "../store/read/experiment_folder.ts";
import {
  deriveInstanceCounts,
  deriveInstanceLives,
  type InstanceCountSeries,
  type InstanceLife,
  selectMeasuredStarts,
} from "./instance_life.ts";
import { type InvocationColumn, readInvocationBatches } from "../store/read/invocation_batches.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { type ColumnTable, StoredTables } from "../store/read/stored_table.ts";
import {
  GENERATOR,
  INSTANCES,
  INVOCATIONS,
  PLATFORM_METRICS,
  PROCESSES,
} from "../store/schema/tables.ts";
import { largest } from "../stats/quantile.ts";
import {
  endOfFirstThirdMs,
  type Minute,
  MinutesBuilder,
  type Summary,
  SUMMARY_COLUMNS,
  SummaryBuilder,
} from "./summary.ts";
import type { TimeSpan } from "./memory_time.ts";
import {
  deriveOccupancy,
  listInstanceStays,
  listMeasuredSpans,
  type Occupancy,
} from "./occupancy.ts";
import { type ResponsePoint, ResponsePointRaster } from "./response_point.ts";

/**
 * What an analysis looks at of a run: its small tables, and a way to go through its
 * invocations, of which there may be any number.
 */
export interface RunTables {
  readonly run: StoredRun;
  /** `null` where the platform told nothing. */
  readonly instanceLives: readonly InstanceLife[] | null;
  /** True where the platform told the parts of starts. */
  readonly hasStartSteps: boolean;
  readonly generator: GeneratorTable;
  /** `null` where the platform told nothing. */
  readonly autoscaler: AutoscalerSeries | null;
  readonly processPeaks: readonly ProcessPeak[];
  /** About when the run ended, ms since run start, as it is known without the invocations. */
  readonly aboutEndMs: number;
}

/**
 * Reads the tables of a run but its invocations, each once. A table that is missing has no rows.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readRunTables(run: StoredRun): RunTables {
  const tables = new StoredTables(run.path);
  const instanceLives = deriveInstanceLives(tables.get(INSTANCES));
  const generator = createGeneratorTable(tables.get(GENERATOR));
  return {
    run,
    instanceLives,
    hasStartSteps: instanceLives?.some(({ steps }) => steps !== undefined) ?? false,
    generator,
    autoscaler: deriveAutoscalerSeries(tables.get(PLATFORM_METRICS)),
    processPeaks: deriveProcessPeaks(tables.get(PROCESSES)),
    aboutEndMs: Math.max(generator.timeMs.at(-1) ?? run.manifest.plan.durationMs, 1_000),
  };
}

/** Who wants to know of a run's invocations. */
export interface InvocationListener {
  /** The columns that it looks at. */
  readonly columns: readonly InvocationColumn[];
  /** Takes in some of them, in the order in which they ended; valid until it returns. */
  add(invocations: StoredInvocations): void;
}

/**
 * Goes through the invocations of a run, once for all who listen, in memory that does not
 * grow with their number.
 *
 * @throws LoaderError `result` when the table is broken
 */
export function readRunInvocations(
  { path }: Pick<StoredRun, "path">,
  listeners: readonly InvocationListener[],
): void {
  const wanted = new Set(listeners.flatMap(({ columns }) => columns));
  for (const batch of readInvocationBatches(`${path}/${INVOCATIONS.name}.csv`, wanted)) {
    for (const listener of listeners) listener.add(batch);
  }
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
  /** By so many its maxima may be too low; 0 but with very many very long calls. */
  readonly concurrencyMissed: number;
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

/**
 * Summarizes what was measured in a run, going through its invocations once.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readMeasuredSummary(tables: RunTables): Summary {
  const summary = new SummaryBuilder(firstThirdUntilMs(tables));
  readRunInvocations(tables.run, [{
    columns: SUMMARY_COLUMNS,
    add: (invocations) => summary.add(invocations, (row) => invocations.measured[row] === 1),
  }]);
  return summary.build();
}

/** What a run came to, and the starts of its instances, of which there may be many. */
export interface AnalyzedRun {
  readonly analysis: RunAnalysis;
  /** `null` where the platform told nothing of the parts of a start. */
  readonly coldStarts: readonly ColdStart[] | null;
}

/** Columns that an analysis looks at. */
const COLUMNS: readonly InvocationColumn[] = [
  "function_id",
  ...SUMMARY_COLUMNS,
  "set_up_ms",
  "peer_wait_ms",
];

/** Those that cold starts are joined to instances by. */
const START_COLUMNS: readonly InvocationColumn[] = ["index", "instance", "served_runtime_ms"];

/**
 * Derives all that a report shows of a run, going through its invocations once.
 *
 * @param others who else wants to know of them
 */
export function analyzeRun(
  tables: RunTables,
  others: readonly InvocationListener[] = [],
): AnalyzedRun {
  const own = new RunListener(tables);
  readRunInvocations(tables.run, [own, ...others]);
  return own.build();
}

/** Derives from the invocations of a run, as they come, what its report shows. */
class RunListener implements InvocationListener {
  readonly columns: readonly InvocationColumn[];
  readonly #tables: RunTables;
  readonly #spans: readonly TimeSpan[];
  readonly #bins: TimeBins;
  readonly #fineBins: TimeBins;
  readonly #summary: SummaryBuilder;
  readonly #minutes = new MinutesBuilder();
  readonly #points: ResponsePointRaster;
  readonly #inFlight: InFlightSweep;
  readonly #scheduled: BinCounts;
  readonly #dispatched: BinCounts;
  readonly #cold: BinCounts;
  readonly #lagMaxMs: BinMaxima;
  readonly #coldInvocations = new Map<string, ColdInvocation>();
  #invocations = 0;
  #measured = 0;
  #requestedMs = 0;
  #endMs = 1_000;

  constructor(tables: RunTables) {
    this.#tables = tables;
    this.columns = tables.hasStartSteps ? [...COLUMNS, ...START_COLUMNS] : COLUMNS;
    this.#spans = listMeasuredSpans(tables.run.manifest);
    const { aboutEndMs } = tables;
    this.#bins = chooseTimeBins(aboutEndMs, MAX_BINS, 1_000);
    this.#fineBins = chooseTimeBins(aboutEndMs, MAX_BINS, 100);
    this.#summary = new SummaryBuilder(firstThirdUntilMs(tables));
    this.#points = new ResponsePointRaster(aboutEndMs, POINT_RASTER);
    this.#inFlight = new InFlightSweep(this.#fineBins, this.#spans);
    this.#scheduled = new BinCounts(this.#bins);
    this.#dispatched = new BinCounts(this.#bins);
    this.#cold = new BinCounts(this.#bins);
    this.#lagMaxMs = new BinMaxima(this.#bins);
  }

  add(invocations: StoredInvocations): void {
    const { scheduledMs, dispatchedMs, completedMs, requestedRuntimeMs, measured } = invocations;
    const { coldStart, setUpMs, peerWaitMs, count } = invocations;
    for (let row = 0; row < count; row++) {
      const dueMs = scheduledMs[row];
      const sentMs = dispatchedMs[row];
      if (dueMs > this.#endMs) this.#endMs = dueMs;
      if (completedMs[row] > this.#endMs) this.#endMs = completedMs[row];
      this.#scheduled.add(dueMs);
      this.#dispatched.add(sentMs);
      if (coldStart[row] === 1) this.#cold.add(dueMs);
      this.#lagMaxMs.add(dueMs, dispatchLagMs(dueMs, sentMs, setUpMs[row], peerWaitMs[row]));
      if (measured[row] === 0) continue;
      this.#measured++;
      this.#requestedMs += requestedRuntimeMs[row];
    }
    this.#invocations += count;
    this.#summary.add(invocations, (row) => measured[row] === 1);
    this.#minutes.add(invocations);
    this.#points.add(invocations);
    this.#inFlight.add(invocations);
    if (this.#tables.hasStartSteps) listColdInvocations(invocations, this.#coldInvocations);
  }

  build(): AnalyzedRun {
    const { run, instanceLives, generator, autoscaler, processPeaks } = this.#tables;
    const endMs = this.#endMs;
    const bins = reachBins(this.#bins, endMs);
    const fineBins = reachBins(this.#fineBins, endMs);
    const { series: concurrency, within, missed } = this.#inFlight.build(fineBins);
    const coldStarts = this.#tables.hasStartSteps
      ? deriveColdStarts(instanceLives ?? [], this.#coldInvocations)
      : null;
    // A generator's row is written at the end of its second; the middle tells its bin.
    const generatorMs = generator.timeMs.map((timeMs) => timeMs - 500);
    const cpuPercent = generator.cpuPercent.filter((value, row) =>
      generator.measured[row] === 1 && !Number.isNaN(value)
    );
    const analysis: RunAnalysis = {
      run,
      summary: this.#summary.build(),
      warmupInvocations: this.#invocations - this.#measured,
      instanceStarts: instanceLives === null
        ? null
        : selectMeasuredStarts(instanceLives, run.manifest.phases).length,
      coldStartParts: coldStarts === null
        ? null
        : deriveColdStartSummary(coldStarts, run.manifest.phases),
      endMs,
      bins,
      scheduledPerBin: this.#scheduled.in(bins),
      dispatchedPerBin: this.#dispatched.in(bins),
      coldInvocationsPerBin: this.#cold.in(bins),
      instanceStartsPerBin: instanceLives === null
        ? null
        : countPerBin(instanceLives.map((life) => life.createdMs), bins),
      dispatchLagMaxMsPerBin: this.#lagMaxMs.in(bins),
      loopDelayMaxMsPerBin: maxPerBin(generatorMs, generator.loopDelayMaxMs, bins),
      cpuMaxPercentPerBin: maxPerBin(generatorMs, generator.cpuPercent, bins),
      concurrency,
      concurrencyMissed: missed,
      instances: instanceLives === null ? null : deriveInstanceCounts(instanceLives, fineBins),
      autoscaler: autoscaler === null ? null : thinAutoscalerSeries(autoscaler, MAX_BINS),
      measured: this.#deriveLevels(within),
      responsePoints: this.#points.points,
      minutes: this.#minutes.build(),
      cpuMaxPercent: largest(cpuPercent),
      cpuMeanPercent: cpuPercent.length === 0
        ? null
        : cpuPercent.reduce((sum, value) => sum + value, 0) / cpuPercent.length,
      processPeaks,
    };
    return { analysis, coldStarts };
  }

  #deriveLevels(inFlight: Occupancy | null): MeasuredLevels {
    const { instanceLives, autoscaler } = this.#tables;
    const spans = this.#spans;
    const lengthMs = spans.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
    const levelOf = (state: "starting" | "ready") =>
      instanceLives === null
        ? null
        : deriveOccupancy(listInstanceStays(instanceLives, state), spans);
    const isMeasured = (timeMs: number) =>
      spans.some(({ fromMs, untilMs }) => timeMs >= fromMs && timeMs < untilMs);
    const peakOf = (values: Float64Array | undefined) =>
      values === undefined
        ? null
        : largest(values.filter((_, row) => isMeasured(autoscaler!.timeMs[row])));
    return {
      inFlight,
      expectedInFlight: lengthMs > 0 ? this.#requestedMs / lengthMs : null,
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
}

/**
 * When the first third of the measured time ends: of what was planned, or of what was made
 * of it where the run ended before.
 */
export function firstThirdUntilMs({ run, aboutEndMs }: RunTables): number {
  const spans = listMeasuredSpans(run.manifest);
  const fromMs = spans[0]?.fromMs ?? 0;
  return endOfFirstThirdMs(fromMs, Math.min(spans.at(-1)?.untilMs ?? 0, aboutEndMs));
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
