import { MEMORY_LIMITS_MIB, RUNTIME_LIMITS_MS } from "../../model/schedule.ts";
import {
  functionKey,
  type FunctionProfile,
  type Percentiles,
  type Trace,
} from "../../model/trace.ts";
import { type Finding, FindingList, LEAST_SLOTS_ALIKE } from "./content_checks.ts";
import { type DayFigures, DayMeter, slotsPerDay } from "./day_figures.ts";
import { describeDraws, describeRecorded, LogDistribution } from "./drawn_distribution.ts";
import { FunctionChecks } from "./function_checks.ts";
import { FunctionMeter } from "./function_figures.ts";
import type { LoadCurve } from "./load_curve.ts";
import type { PoissonVerdict } from "./poisson_agreement.ts";
import type { SlotSpan } from "./slot_span.ts";
import { rankShares, type TopShare } from "./top_share.ts";
import { reportDays, reportDominant, reportLoad } from "./trace_checks.ts";

/** Figures of every function, as columns in the order of the trace. */
export interface FunctionColumns {
  readonly invocations: Float64Array;
  /** Mean runtime that is asked for, within its bounds. */
  readonly runtimeMs: Float64Array;
  /** Mean memory that is asked for, within its bounds. */
  readonly memoryMib: Float64Array;
  /** Index of dispersion of the counts; NaN: nothing to tell. */
  readonly dispersion: Float64Array;
  readonly poisson: readonly PoissonVerdict[];
  /** Slots from one invocation to the next; 0: not as by a timer. */
  readonly timerSlots: Uint32Array;
}

/** Functions with one trigger. */
export interface TriggerFigures {
  /** As the trace names it. */
  readonly trigger: string;
  /** Those that are invoked. */
  readonly functions: number;
  /** Those that are invoked as by a timer. */
  readonly timerLike: number;
}

/** What the functions come to together. */
export interface TraceTotals {
  readonly functions: number;
  readonly applications: number;
  readonly owners: number;
  /** Functions that are invoked. */
  readonly invoked: number;
  readonly invocations: number;
  readonly meanRatePerS: number;
  /** Of the busiest slot. */
  readonly peakRatePerS: number;
  /** Invocations in flight by Little's law, with the runtimes that are asked for. */
  readonly offeredConcurrency: number;
  /** Of the slot with the most. */
  readonly peakConcurrency: number;
  /** With the average runtimes that the trace tells, not bounded. */
  readonly recordedConcurrency: number;
}

/** What the doctor found in a trace. */
export interface TraceDiagnosis {
  readonly trace: Omit<Trace, "functions">;
  readonly span: SlotSpan;
  readonly totals: TraceTotals;
  /** Findings in the content. */
  readonly findings: readonly Finding[];
  readonly columns: FunctionColumns;
  readonly load: LoadCurve;
  /** What invocations ask for before the bounds, weighted by them. */
  readonly runtimeMs: LogDistribution;
  readonly memoryMib: LogDistribution;
  readonly topByInvocations: TopShare;
  readonly topByLoad: TopShare;
  /** Whole days; none where there are less than two. */
  readonly days: readonly DayFigures[];
  /** Where the trace names triggers. */
  readonly triggers: readonly TriggerFigures[];
  /** Key of a function of the trace. */
  keyOf(index: number): string;
}

/**
 * Looks at a trace as a physician would: figures of all its functions, and what
 * a researcher should know before a replay. One pass over the slots that have
 * invocations; never throws for what a trace holds.
 *
 * @param span the part to look at; the whole trace by default
 *
 * @example
 * ```ts
 * import { readTrace } from "../read_trace.ts";
 * import { diagnoseTrace } from "./diagnose_trace.ts";
 * const { totals } = diagnoseTrace(await readTrace("data/azure_2019_synthetic"));
 * if (totals.functions !== 200) throw new Error("the sample has 200");
 * ```
 */
export function diagnoseTrace(
  trace: Trace,
  span: SlotSpan = { fromSlot: 0, toSlot: trace.slots },
): TraceDiagnosis {
  const { functions, slotMs } = trace;
  const slots = span.toSlot - span.fromSlot;
  const count = functions.length;
  const columns = {
    invocations: new Float64Array(count),
    runtimeMs: new Float64Array(count),
    memoryMib: new Float64Array(count),
    dispersion: new Float64Array(count),
    poisson: new Array<PoissonVerdict>(count),
    timerSlots: new Uint32Array(count),
  };
  const load = {
    slotMs,
    invocations: new Float64Array(slots),
    concurrency: new Float64Array(slots),
  };
  const runtimeMs = new LogDistribution(0.1, 1e8);
  const memoryMib = new LogDistribution(0.1, 1e7);
  const perDay = slotsPerDay(slotMs, slots);
  const days = perDay === null ? null : new DayMeter(perDay, slots);
  const meter = new FunctionMeter(span, slotMs);
  const checks = new FunctionChecks();
  let recordedConcurrency = 0;
  for (const [index, profile] of functions.entries()) {
    const runtime = describeRecorded(profile.recorded?.runtimeMs, RUNTIME_LIMITS_MS) ??
      describeDraws(profile.runtimeMs, RUNTIME_LIMITS_MS);
    const memory = describeRecorded(profile.recorded?.memoryMib, MEMORY_LIMITS_MIB) ??
      describeDraws(profile.memoryMib, MEMORY_LIMITS_MIB);
    const inFlight = runtime.boundedMean / slotMs;
    const figures = meter.measure(profile.invocationsPerSlot, (slot, invocations) => {
      load.invocations[slot] += invocations;
      load.concurrency[slot] += invocations * inFlight;
      days?.add(slot, invocations);
    });
    const { invocations } = figures;
    columns.invocations[index] = invocations;
    columns.runtimeMs[index] = runtime.boundedMean;
    columns.memoryMib[index] = memory.boundedMean;
    columns.dispersion[index] = figures.dispersion ?? NaN;
    columns.poisson[index] = figures.poisson;
    columns.timerSlots[index] = figures.timerSlots ?? 0;
    recordedConcurrency += invocations * finiteOrZero(profile.runtimeMs.mean) / (slotMs * slots);
    if (invocations > 0) {
      addDistribution(runtimeMs, profile.runtimeMs, profile.recorded?.runtimeMs, invocations);
      addDistribution(memoryMib, profile.memoryMib, profile.recorded?.memoryMib, invocations);
    }
    checks.add(profile, {
      index,
      invocations,
      runtime,
      memory,
      isSilentForDays: days?.endFunction() ?? false,
      fingerprint: figures.invokedSlots >= LEAST_SLOTS_ALIKE && figures.timerSlots === null
        ? figures.fingerprint
        : null,
    }, span);
  }
  const dayFigures = days?.finish(load.invocations) ?? [];
  const topByInvocations = rankShares(columns.invocations);
  const topByLoad = rankShares(
    columns.invocations.map((invocations, i) => invocations * columns.runtimeMs[i]),
  );
  const findings = new FindingList();
  checks.report(findings);
  reportLoad(load, span.fromSlot, findings);
  reportDays(dayFigures, findings);
  reportDominant(functions, topByInvocations, topByLoad, findings);
  const { functions: _, ...rest } = trace;
  return {
    trace: rest,
    span,
    totals: {
      functions: count,
      applications: new Set(functions.map(({ ownerId, appId }) => `${ownerId}/${appId}`)).size,
      owners: new Set(functions.map(({ ownerId }) => ownerId)).size,
      invoked: columns.invocations.reduce((sum, total) => sum + (total > 0 ? 1 : 0), 0),
      invocations: sumOf(columns.invocations),
      meanRatePerS: slots === 0 ? 0 : sumOf(columns.invocations) / (slots * slotMs / 1000),
      peakRatePerS: mostOf(load.invocations) / (slotMs / 1000),
      offeredConcurrency: slots === 0 ? 0 : sumOf(load.concurrency) / slots,
      peakConcurrency: mostOf(load.concurrency),
      recordedConcurrency,
    },
    findings: findings.list(),
    columns,
    load,
    runtimeMs,
    memoryMib,
    topByInvocations,
    topByLoad,
    days: dayFigures,
    triggers: countTriggers(functions, columns),
    keyOf: (index) => functionKey(functions[index]),
  };
}

/** Recorded values are what they are; percentiles are drawn from. */
function addDistribution(
  distribution: LogDistribution,
  percentiles: Percentiles,
  recorded: Float32Array | null | undefined,
  invocations: number,
): void {
  if (recorded === null || recorded === undefined || recorded.length === 0) {
    distribution.addDraws(percentiles, invocations);
    return;
  }
  for (const value of recorded) distribution.addValue(value, invocations / recorded.length);
}

function countTriggers(
  functions: readonly FunctionProfile[],
  { invocations, timerSlots }: Pick<FunctionColumns, "invocations" | "timerSlots">,
): TriggerFigures[] {
  const figures = new Map<string, { functions: number; timerLike: number }>();
  for (const [index, { trigger }] of functions.entries()) {
    if (trigger === null || invocations[index] === 0) continue;
    const figure = figures.get(trigger) ?? { functions: 0, timerLike: 0 };
    figures.set(trigger, figure);
    figure.functions++;
    if (timerSlots[index] > 0) figure.timerLike++;
  }
  return Array.from(figures, ([trigger, figure]) => ({ trigger, ...figure }))
    .sort((a, b) => b.functions - a.functions);
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mostOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function finiteOrZero(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
