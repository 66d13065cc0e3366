import { BlockedQuantiles, type BlockedValues } from "../../stats/block_bootstrap.ts";
import { BlockedSketch } from "../../stats/blocked_sketch.ts";
import { hasEnoughBeyond } from "../../stats/quantile.ts";
import type { StoredRun } from "../../store/read/experiment_folder.ts";
import {
  isRankedCode,
  OK_CODE,
  type StoredInvocations,
} from "../../store/read/stored_invocations.ts";
import type { InstanceLife } from "../instance_life.ts";
import type { TimeSpan } from "../memory_time.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "../occupancy.ts";
import { MOST_EXACT, RankedSketch } from "../ranked_quantiles.ts";
import { type InvocationListener, readRunInvocations, readRunTables } from "../run_analysis.ts";
import { SUMMARY_COLUMNS } from "../summary.ts";
import {
  COMPARED_QUANTILES,
  type ComparedMetric,
  OTHER_METRICS,
  quantileMetric,
  type RankedMeasure,
} from "./compared_metric.ts";

/**
 * Into how many parts of equal length the measurement phase of a run is cut. What
 * follows on one another in time depends on one another (a queue, a cold start), so a
 * bootstrap draws parts as a whole (Künsch, "The jackknife and the bootstrap for general
 * stationary observations", 1989).
 */
export const BLOCKS_PER_RUN = 24;

/** The metrics of several runs of one kind, as functions of how often each part of them counts. */
export interface BlockedRuns {
  readonly blocks: number;
  /** The value of each metric; NaN where the weights leave nothing. */
  valuesAt(weights: ArrayLike<number>): number[];
  readonly metrics: readonly ComparedMetric[];
}

/** Puts together the runs of one side, the parts of each behind those of the one before. */
export function createBlockedRuns(parts: readonly CutRun[]): BlockedRuns {
  const blocks = parts.length * BLOCKS_PER_RUN;
  const ranked = (["slowdown", "response_time", "transport_latency"] as const).map((measure) =>
    createRanked(measure, parts, blocks)
  );
  const shares = [
    {
      metric: OTHER_METRICS.notOk,
      ...sumsOf(parts, ({ notOk }) => notOk, ({ rankedPerPart }) => rankedPerPart),
    },
    ...parts.every(({ cold }) => cold !== null)
      ? [{
        metric: OTHER_METRICS.cold,
        ...sumsOf(parts, ({ cold }) => cold!, ({ rankedPerPart }) => rankedPerPart),
      }]
      : [],
    ...parts.every(({ readyMs }) => readyMs !== null)
      ? [{
        metric: OTHER_METRICS.readyInstances,
        ...sumsOf(parts, ({ readyMs }) => readyMs!, ({ lengthMs }) => lengthMs),
      }]
      : [],
  ];
  return {
    blocks,
    metrics: [...ranked.flatMap(({ metrics }) => metrics), ...shares.map(({ metric }) => metric)],
    valuesAt: (weights) => [
      ...ranked.flatMap(({ quantiles, at }) => at.at(quantiles, weights)),
      ...shares.map(({ above, below }) =>
        weightedSum(above, weights) / weightedSum(below, weights)
      ),
    ],
  };
}

/** A run cut into parts; its size does not grow with the run's. */
export interface CutRun {
  readonly run: StoredRun;
  readonly measures: Readonly<Record<RankedMeasure, BlockedSketch>>;
  /** The same without parts, for curves. */
  readonly ranked: Readonly<Record<RankedMeasure, RankedSketch>>;
  /** By part. */
  readonly rankedPerPart: Float64Array;
  readonly notOk: Float64Array;
  /** `null`: not known. */
  readonly cold: Float64Array | null;
  readonly lengthMs: Float64Array;
  /** Time that instances were ready, summed over them; `null`: not known. */
  readonly readyMs: Float64Array | null;
}

/**
 * Reads a run and cuts it into parts, going through its invocations once.
 *
 * @throws LoaderError `result` when a table is broken
 */
export function readCutRun(run: StoredRun): CutRun {
  const { instanceLives } = readRunTables(run);
  const parts = cutSpans(listMeasuredSpans(run.manifest), BLOCKS_PER_RUN);
  const listener = new CutListener(parts);
  readRunInvocations(run, [listener]);
  return {
    run,
    measures: listener.measures,
    ranked: listener.ranked,
    rankedPerPart: listener.rankedPerPart,
    notOk: listener.notOk,
    cold: listener.knowsCold ? listener.cold : null,
    lengthMs: Float64Array.from(parts, ({ fromMs, untilMs }) => untilMs - fromMs),
    readyMs: instanceLives === null ? null : deriveReadyMs(instanceLives, parts),
  };
}

/** Counts and ranks the measured invocations of a run by the part in which they were due. */
class CutListener implements InvocationListener {
  readonly columns = SUMMARY_COLUMNS;
  readonly measures = byMeasure(() => new BlockedSketch(BLOCKS_PER_RUN, MOST_EXACT));
  readonly ranked = byMeasure(() => new RankedSketch());
  readonly rankedPerPart = new Float64Array(BLOCKS_PER_RUN);
  readonly notOk = new Float64Array(BLOCKS_PER_RUN);
  readonly cold = new Float64Array(BLOCKS_PER_RUN);
  /** True if of some invocation that is ok it is known whether it was cold. */
  knowsCold = false;

  constructor(readonly parts: readonly TimeSpan[]) {}

  add(invocations: StoredInvocations): void {
    const { scheduledMs, dispatchedMs, completedMs, requestedRuntimeMs } = invocations;
    const { outcome, coldStart, measured } = invocations;
    for (let row = 0; row < invocations.count; row++) {
      const code = outcome[row];
      if (measured[row] === 0) continue;
      const isOk = code === OK_CODE;
      if (isOk && !Number.isNaN(coldStart[row])) this.knowsCold = true;
      if (!isRankedCode(code)) continue;
      const part = partOf(this.parts, scheduledMs[row]);
      this.rankedPerPart[part]++;
      if (!isOk) this.notOk[part]++;
      if (coldStart[row] === 1) this.cold[part]++;
      const responseTimeMs = completedMs[row] - scheduledMs[row];
      this.#rank("response_time", code, part, responseTimeMs);
      this.#rank("slowdown", code, part, responseTimeMs / Math.max(1, requestedRuntimeMs[row]));
      this.#rank("transport_latency", code, part, completedMs[row] - dispatchedMs[row]);
    }
  }

  #rank(measure: RankedMeasure, code: number, part: number, value: number): void {
    this.ranked[measure].add(code, value);
    const isKnown = code === OK_CODE && !Number.isNaN(value);
    this.measures[measure].add(isKnown ? value : Infinity, part);
  }
}

function byMeasure<T>(create: () => T): Record<RankedMeasure, T> {
  return { slowdown: create(), response_time: create(), transport_latency: create() };
}

function deriveReadyMs(lives: readonly InstanceLife[], parts: readonly TimeSpan[]): Float64Array {
  const stays = listInstanceStays(lives, "ready");
  return Float64Array.from(
    parts,
    (part) => (deriveOccupancy(stays, [part])?.mean ?? 0) * (part.untilMs - part.fromMs),
  );
}

/** Cuts what is measured into parts of equal length; a part that lies across a gap is as long as it. */
function cutSpans(spans: readonly TimeSpan[], count: number): TimeSpan[] {
  const fromMs = spans[0]?.fromMs ?? 0;
  const untilMs = spans.at(-1)?.untilMs ?? 0;
  const length = (untilMs - fromMs) / count;
  return Array.from({ length: count }, (_, i) => ({
    fromMs: fromMs + i * length,
    untilMs: fromMs + (i + 1) * length,
  }));
}

function partOf(parts: readonly TimeSpan[], timeMs: number): number {
  const { fromMs, untilMs } = parts[0];
  const part = Math.floor((timeMs - fromMs) / (untilMs - fromMs));
  return Math.min(Math.max(part, 0), parts.length - 1);
}

function createRanked(measure: RankedMeasure, parts: readonly CutRun[], blocks: number) {
  const count = parts.reduce((sum, { measures }) => sum + measures[measure].count, 0);
  const joined = joinValues(parts.map(({ measures }) => measures[measure].build()), blocks);
  const quantiles = COMPARED_QUANTILES.filter((q) => hasEnoughBeyond(count, q));
  return {
    metrics: quantiles.map((q) => quantileMetric(measure, q)),
    quantiles,
    at: new BlockedQuantiles(joined),
  };
}

function joinValues(parts: readonly BlockedValues[], blocks: number): BlockedValues {
  const length = parts.reduce((sum, { values }) => sum + values.length, 0);
  const values = new Float64Array(length);
  const block = new Uint32Array(length);
  const isCounted = parts.some(({ counts }) => counts !== undefined);
  const counts = isCounted ? new Float64Array(length).fill(1) : undefined;
  let from = 0;
  for (const [i, part] of parts.entries()) {
    values.set(part.values, from);
    block.set(part.block.map((one) => one + i * BLOCKS_PER_RUN), from);
    if (part.counts !== undefined) counts!.set(part.counts, from);
    from += part.values.length;
  }
  return { values, block, counts, blocks };
}

function sumsOf(
  parts: readonly CutRun[],
  above: (part: CutRun) => Float64Array,
  below: (part: CutRun) => Float64Array,
) {
  const join = (pick: (part: CutRun) => Float64Array) =>
    Float64Array.from(parts.flatMap((part) => [...pick(part)]));
  return { above: join(above), below: join(below) };
}

function weightedSum(values: Float64Array, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weights[i] * values[i];
  return sum;
}
