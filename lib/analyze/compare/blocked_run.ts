import { OUTCOMES } from "../../model/record.ts";
import { BlockedQuantiles, type BlockedValues } from "../../stats/block_bootstrap.ts";
import { hasEnoughBeyond } from "../../stats/quantile.ts";
import {
  isRankedCode,
  OK_CODE,
  type StoredInvocations,
} from "../../store/read/stored_invocations.ts";
import {
  deriveResponseTimeMs,
  deriveSlowdown,
  deriveTransportLatencyMs,
} from "../invocation_times.ts";
import { selectMeasured } from "../invocation_selection.ts";
import type { InstanceLife } from "../instance_life.ts";
import type { TimeSpan } from "../memory_time.ts";
import { deriveOccupancy, listInstanceStays, listMeasuredSpans } from "../occupancy.ts";
import type { RunTables } from "../run_analysis.ts";
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
export function createBlockedRuns(runs: readonly RunTables[]): BlockedRuns {
  const parts = runs.map(cutRun);
  const blocks = parts.length * BLOCKS_PER_RUN;
  const ranked = (["slowdown", "response_time", "transport_latency"] as const).map((measure) =>
    createRanked(measure, parts, blocks)
  );
  const shares = [
    { metric: OTHER_METRICS.notOk, ...sumsOf(parts, ({ notOk }) => notOk, ({ ranked }) => ranked) },
    ...parts.every(({ cold }) => cold !== null)
      ? [{
        metric: OTHER_METRICS.cold,
        ...sumsOf(parts, ({ cold }) => cold!, ({ ranked }) => ranked),
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

/** A run cut into parts. */
interface CutRun {
  readonly measures: Readonly<Record<RankedMeasure, Float64Array>>;
  /** Of each ranked invocation: its part. */
  readonly block: Uint32Array;
  /** By part. */
  readonly ranked: Float64Array;
  readonly notOk: Float64Array;
  /** `null`: not known. */
  readonly cold: Float64Array | null;
  readonly lengthMs: Float64Array;
  /** Time that instances were ready, summed over them; `null`: not known. */
  readonly readyMs: Float64Array | null;
}

function cutRun({ run, invocations, instanceLives }: RunTables): CutRun {
  const spans = listMeasuredSpans(run.manifest);
  const parts = cutSpans(spans, BLOCKS_PER_RUN);
  const measured = selectMeasured(invocations);
  const rows = Uint32Array.from(
    Array.from({ length: measured.count }, (_, row) => row).filter((row) =>
      isRankedCode(measured.outcome[row])
    ),
  );
  const block = rows.map((row) => partOf(parts, measured.scheduledMs[row]));
  const isOk = (row: number) => measured.outcome[row] === OK_CODE;
  const responseTimeMs = deriveResponseTimeMs(measured);
  const pick = (measure: Float64Array) =>
    Float64Array.from(
      rows,
      (row) => isOk(row) && !Number.isNaN(measure[row]) ? measure[row] : Infinity,
    );
  const count = (isCounted: (row: number) => boolean) => {
    const counts = new Float64Array(BLOCKS_PER_RUN);
    for (const [i, row] of rows.entries()) if (isCounted(row)) counts[block[i]]++;
    return counts;
  };
  return {
    measures: {
      slowdown: pick(deriveSlowdown(measured, responseTimeMs)),
      response_time: pick(responseTimeMs),
      transport_latency: pick(deriveTransportLatencyMs(measured)),
    },
    block,
    ranked: count(() => true),
    notOk: count((row) => !isOk(row)),
    cold: knowsCold(measured) ? count((row) => measured.coldStart[row] === 1) : null,
    lengthMs: Float64Array.from(parts, ({ fromMs, untilMs }) => untilMs - fromMs),
    readyMs: instanceLives === null ? null : deriveReadyMs(instanceLives, parts),
  };
}

/** True if of some invocation that is ok it is known whether it was cold. */
function knowsCold(table: StoredInvocations): boolean {
  const okCode = OUTCOMES.indexOf("ok");
  return table.coldStart.some((cold, row) => table.outcome[row] === okCode && !Number.isNaN(cold));
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
  const joined = joinValues(
    parts.map((part) => ({ values: part.measures[measure], block: part.block })),
    blocks,
  );
  const quantiles = COMPARED_QUANTILES.filter((q) => hasEnoughBeyond(joined.values.length, q));
  return {
    metrics: quantiles.map((q) => quantileMetric(measure, q)),
    quantiles,
    at: new BlockedQuantiles(joined),
  };
}

function joinValues(
  parts: readonly Pick<BlockedValues, "values" | "block">[],
  blocks: number,
): BlockedValues {
  const length = parts.reduce((sum, { values }) => sum + values.length, 0);
  const values = new Float64Array(length);
  const block = new Uint32Array(length);
  let from = 0;
  for (const [i, part] of parts.entries()) {
    values.set(part.values, from);
    block.set(part.block.map((one) => one + i * BLOCKS_PER_RUN), from);
    from += part.values.length;
  }
  return { values, block, blocks };
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
