import type { Outcome } from "../model/record.ts";
import type { DivergenceMetric } from "../store/schema/manifest.ts";
import type { StoredRun } from "../store/read/experiment_folder.ts";
import type { Summary } from "./summary.ts";
import { selectMeasuredStarts } from "./instance_life.ts";
import type { TimeSpan } from "./memory_time.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "./occupancy.ts";
import { readMeasuredSummary, readRunTables, type RunTables } from "./run_analysis.ts";

/** Outcomes that a platform can bring about. */
const OUTCOMES_COMPARED: readonly Outcome[] = ["ok", "timed_out", "rejected"];

/**
 * Compares a run with its twin, over the measurement phase: what became of the
 * invocations, how long they took, how cold they were, and how many instances
 * there were.
 */
export function deriveDivergence(run: SummarizedRun, twin: SummarizedRun): DivergenceMetric[] {
  // Both have the run's schedule, and so its phases.
  const spans = listMeasuredSpans(run.run.manifest);
  const ofRun = figuresOf(run, spans);
  const ofTwin = figuresOf(twin, spans);
  return ofRun.map(({ metric, unit, value }, i) => ({
    metric,
    unit,
    run: value,
    twin: ofTwin[i].value,
    relativeDifference: deriveRelativeDifference(value, ofTwin[i].value),
  }));
}

/**
 * How far a twin's figure is from the run's, in parts of the run's.
 *
 * @example
 * ```ts
 * import { deriveRelativeDifference } from "./divergence.ts";
 * if (deriveRelativeDifference(20, 25) !== 0.25) throw new Error("a quarter more");
 * if (deriveRelativeDifference(0, 0) !== 0) throw new Error("no difference");
 * if (deriveRelativeDifference(0, 3) !== null) throw new Error("there is no part of 0");
 * ```
 */
export function deriveRelativeDifference(run: number | null, twin: number | null): number | null {
  if (run === null || twin === null) return null;
  if (run === twin) return 0;
  const difference = (twin - run) / run;
  return Number.isFinite(difference) ? difference : null;
}

/** What is compared of a run. */
export interface SummarizedRun extends Pick<RunTables, "run" | "instanceLives"> {
  /** Of the measurement phase. */
  readonly summary: Summary;
}

/**
 * Reads of a run what is compared, going through its invocations once.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readSummarizedRun(run: StoredRun): SummarizedRun {
  const tables = readRunTables(run);
  return {
    run,
    instanceLives: tables.instanceLives,
    summary: readMeasuredSummary(tables),
  };
}

interface Figure {
  readonly metric: string;
  readonly unit: string | null;
  readonly value: number | null;
}

function figuresOf(
  { run, summary, instanceLives }: SummarizedRun,
  spans: readonly TimeSpan[],
): Figure[] {
  const responseTime = summary.responseTimeMs.all;
  const slowdown = summary.slowdown.all;
  const instances = instanceLives === null
    ? null
    : deriveOccupancy(listInstanceStays(instanceLives, "ready"), spans);
  const starts = instanceLives === null
    ? null
    : selectMeasuredStarts(instanceLives, run.manifest.phases).length;
  const figure = (metric: string, unit: string | null, value: number | null): Figure => ({
    metric,
    unit,
    value,
  });
  return [
    figure("response_time_p50", "ms", responseTime.p50),
    figure("response_time_p90", "ms", responseTime.p90),
    figure("response_time_p99", "ms", responseTime.p99),
    figure("slowdown_p50", null, slowdown.p50),
    figure("slowdown_p99", null, slowdown.p99),
    figure("cold_invocations", null, summary.coldInvocations),
    figure("instance_starts", null, starts),
    figure("ready_instances_mean", null, instances?.mean ?? null),
    figure("ready_instances_peak", null, instances?.peak ?? null),
    ...OUTCOMES_COMPARED.map((outcome) =>
      figure(`outcome_${outcome}`, null, summary.outcomes[outcome])
    ),
  ];
}
