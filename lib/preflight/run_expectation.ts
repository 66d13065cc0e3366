import { deriveConcurrency } from "../analyze/concurrency.ts";
import { selectMeasured } from "../analyze/invocation_selection.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { deriveSummary } from "../analyze/summary.ts";
import { deriveRankedQuantiles, type RankedQuantiles } from "../analyze/ranked_quantiles.ts";
import { chooseTimeBins, type TimeBins } from "../analyze/time_bins.ts";
import { deriveTransportLatencyMs } from "../analyze/invocation_times.ts";
import { LoopPauses } from "../clock/loop_pauses.ts";
import type { Plan } from "../store/schema/manifest.ts";
import { isJudged, type Outcome, OUTCOMES } from "../model/record.ts";
import { phaseAt, type Schedule } from "../model/schedule.ts";
import type { Usage } from "./instance_usage.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import type { RehearsedRun, ServiceWork } from "./rehearsal.ts";
import type { RoomShortage } from "./room_watch.ts";

/** Most bins of a series. */
const MOST_BINS = 1440;
/** No bin is narrower. */
const LEAST_BIN_MS = 1000;

/** What a schedule asks for over time; one figure for each bin. */
export interface OfferedSeries {
  readonly ratePerS: readonly number[];
  /** Requested runtime ÷ time: by Little's law, the concurrency of calls that never wait. */
  readonly concurrency: readonly number[];
}

/** What a simulation of the run came to, over time; one figure for each bin. */
export interface SimulatedSeries {
  /** What the calls compute, in the bin in which they are due. */
  readonly workCores: readonly number[];
  /** Invocations in flight, averages and largest. */
  readonly inFlightMean: readonly number[];
  readonly inFlightMax: readonly number[];
  /** Largest number of instances, and of what they request. */
  readonly instances: readonly number[];
  readonly cpuMilli: readonly number[];
  readonly memoryMib: readonly number[];
}

/** What a simulation of the run came to. */
export interface SimulatedFigures {
  /** Of the measurement phase, like all figures here that are not peaks or series. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** When the first invocation of each outcome ended; `null` where there is none. */
  readonly firstMs: Readonly<Record<Outcome, number | null>>;
  readonly coldInvocations: number | null;
  readonly instanceStarts: number;
  readonly responseTimeMs: RankedQuantiles;
  readonly slowdown: RankedQuantiles;
  /** Invocations with a slowdown above the limit. */
  readonly slow: number;
  /** Transport latency − served runtime: waiting for an instance, and the network. */
  readonly waitMs: RankedQuantiles;
  readonly peak: Usage & { readonly inFlight: number };
  readonly shortage: RoomShortage | null;
  readonly series: SimulatedSeries;
}

/** What to expect of a run. */
export interface RunExpectation {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly scheduleHash: string;
  readonly plan: Plan;
  readonly bins: TimeBins;
  readonly offered: OfferedSeries;
  /** `null` where the run was not simulated. */
  readonly simulated: SimulatedFigures | null;
}

/**
 * Derives what to expect of a run from its schedule and, where there is one, a
 * rehearsal of it.
 *
 * @param limitSlowdown slowdown above which an invocation is slow
 * @throws the signal's reason when it aborts meanwhile
 */
export async function deriveRunExpectation(
  { run, plan }: PlannedLoad,
  rehearsed: RehearsedRun | null,
  limitSlowdown: number,
  signal: AbortSignal,
): Promise<RunExpectation> {
  const bins = chooseTimeBins(plan.durationMs, MOST_BINS, LEAST_BIN_MS);
  const offered = await deriveOfferedSeries(run.schedule, bins, signal);
  return {
    name: run.name,
    parameters: run.parameters,
    scheduleHash: await run.schedule.hash(signal),
    plan,
    bins,
    offered,
    simulated: rehearsed === null
      ? null
      : deriveSimulatedFigures(run.schedule, offered, rehearsed, bins, limitSlowdown),
  };
}

/**
 * Cores that calls keep busy on average.
 *
 * @param concurrency requested runtime ÷ time
 */
export function deriveWorkCores(
  concurrency: number,
  ratePerS: number,
  { factor, overheadMs }: ServiceWork,
): number {
  return factor * concurrency + overheadMs * ratePerS / 1000;
}

async function deriveOfferedSeries(
  schedule: Schedule,
  bins: TimeBins,
  signal: AbortSignal,
): Promise<OfferedSeries> {
  const pauses = new LoopPauses(signal);
  const invocations = new Float64Array(bins.count);
  const runtimeSumMs = new Float64Array(bins.count);
  for (const { scheduledMs, runtimeMs } of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < scheduledMs.length; i++) {
      const bin = Math.floor(scheduledMs[i] / bins.binMs);
      invocations[bin]++;
      runtimeSumMs[bin] += runtimeMs[i];
    }
    if (pauses.isDue) await pauses.take();
  }
  const widthOf = (bin: number) => Math.min(bins.binMs, schedule.durationMs - bin * bins.binMs);
  return {
    ratePerS: Array.from(invocations, (count, bin) => 1000 * count / widthOf(bin)),
    concurrency: Array.from(runtimeSumMs, (sumMs, bin) => sumMs / widthOf(bin)),
  };
}

function deriveSimulatedFigures(
  { phases }: Schedule,
  offered: OfferedSeries,
  rehearsed: RehearsedRun,
  bins: TimeBins,
  limitSlowdown: number,
): SimulatedFigures {
  const { invocations: table, usage } = rehearsed;
  const measured = selectMeasured(table);
  const { outcomes, coldInvocations, responseTimeMs, slowdown } = deriveSummary(measured);
  const waitMs = deriveTransportLatencyMs(table)
    .map((latencyMs, row) => latencyMs - table.servedRuntimeMs[row])
    .filter((_, row) => table.measured[row] === 1);
  const { mean, max } = deriveConcurrency(table, bins);
  return {
    outcomes,
    firstMs: deriveFirstMs(measured),
    coldInvocations,
    instanceStarts:
      usage.createdMs.filter((timeMs) => phaseAt(phases, timeMs) === "measurement").length,
    responseTimeMs,
    slowdown,
    slow: countSlow(measured, limitSlowdown),
    waitMs: deriveRankedQuantiles(measured, waitMs),
    peak: { ...usage.derivePeak(), inFlight: max.reduce((a, b) => Math.max(a, b), 0) },
    shortage: rehearsed.shortage,
    series: {
      workCores: offered.concurrency.map((concurrency, bin) =>
        deriveWorkCores(concurrency, offered.ratePerS[bin], rehearsed.service)
      ),
      inFlightMean: [...mean],
      inFlightMax: [...max],
      instances: usage.deriveSeries("instances", bins),
      cpuMilli: usage.deriveSeries("cpuMilli", bins),
      memoryMib: usage.deriveSeries("memoryMib", bins),
    },
  };
}

/**
 * Number of invocations whose slowdown is above `limitSlowdown`. Those that are
 * not ok are infinitely slow; those that were not made say nothing.
 */
export function countSlow(table: StoredInvocations, limitSlowdown: number): number {
  let slow = 0;
  for (let row = 0; row < table.count; row++) {
    const outcome = OUTCOMES[table.outcome[row]];
    if (!isJudged(outcome)) continue;
    const responseMs = table.completedMs[row] - table.scheduledMs[row];
    if (outcome !== "ok" || responseMs > limitSlowdown * table.requestedRuntimeMs[row]) slow++;
  }
  return slow;
}

function deriveFirstMs(table: StoredInvocations): Record<Outcome, number | null> {
  const first = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, null])) as Record<
    Outcome,
    number | null
  >;
  for (let row = 0; row < table.count; row++) {
    const outcome = OUTCOMES[table.outcome[row]];
    const completedMs = table.completedMs[row];
    // What was never sent ended when it was due.
    const endedMs = Number.isNaN(completedMs) ? table.scheduledMs[row] : completedMs;
    first[outcome] = Math.min(first[outcome] ?? Infinity, endedMs);
  }
  return first;
}
