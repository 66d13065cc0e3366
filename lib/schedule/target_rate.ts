import { LoaderError } from "../base/error.ts";
import type { FunctionProfile, Trace } from "../model/trace.ts";
import { scaleCount } from "./rate_scale.ts";

/** A rate that a replay is to have. */
export interface TargetRate {
  readonly ratePerS: number;
  /** Of all that is measured, or of its fullest slot. */
  readonly of: "mean" | "peak";
}

const TARGET = /^(peak:)?(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\/(s|min|h)$/;
const UNIT_S = { s: 1, min: 60, h: 3600 } as const;

/**
 * The rate of `200/s`, `12000/min`, `3/h` (mean) or `peak:200/s` (of the fullest slot).
 *
 * @throws Error whose message completes "--target-rate: …"
 *
 * @example
 * ```ts
 * import { parseTargetRate } from "./target_rate.ts";
 * if (parseTargetRate("12000/min").ratePerS !== 200) throw new Error("200 a second");
 * ```
 */
export function parseTargetRate(text: string): TargetRate {
  const [, peak, number, unit] = TARGET.exec(text) ?? [];
  const ratePerS = Number(number) / UNIT_S[unit as keyof typeof UNIT_S];
  if (!(ratePerS > 0 && ratePerS < 1e9)) {
    throw new Error(
      `${JSON.stringify(text)} is not a rate; write it as 200/s, 12000/min or 3/h, and as ` +
        "peak:200/s where the fullest slot is to have it.",
    );
  }
  return { ratePerS, of: peak === undefined ? "mean" : "peak" };
}

/** The part of a trace that a rate is asked of, and how it is replayed. */
export interface TargetReplay {
  /** Where a scaled rate begins to share the invocations of each function out. */
  readonly shareOffsets: Float64Array;
  /** What is measured, in milliseconds from the trace's start. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly timeScale: number;
}

/** The factor that brings a trace to a rate. */
export interface TargetScale {
  readonly rateScale: number;
  /** Invocations that the rate asks for, in what is measured or its fullest slot. */
  readonly wanted: number;
  /**
   * What there are, exactly; `null` where what is measured begins or ends inside a slot, so that
   * chance decides which of its invocations are within.
   */
  readonly invocations: number | null;
}

/** A double is halved no more often than this. */
const TRIES = 128;

/**
 * The factor on the counts of a trace that brings what is measured of it to a rate. One factor
 * serves all functions and slots, so that each function's share and the shape stay. By the
 * sharing of {@linkcode scaleCount} each function then has what is asked of it but for less than
 * one. As these differences do not cancel out by themselves (of 10,000 functions some 30 are left),
 * the factor is moved until the sum over all functions is what the rate asks for, rounded.
 *
 * @throws LoaderError `usage` when nothing is invoked there, or the rate asks for less than one
 */
export function deriveTargetScale(
  trace: Pick<Trace, "name" | "slotMs" | "functions">,
  target: TargetRate,
  replay: TargetReplay,
): TargetScale {
  const { fromMs, untilMs } = target.of === "mean" ? replay : findFullestSlot(trace, replay);
  const expected = expectedInvocations(trace, fromMs, untilMs);
  if (expected === 0) {
    throw new LoaderError(
      "usage",
      `--target-rate: none of the ${trace.functions.length} functions of the trace ${trace.name} ` +
        "is invoked in what is measured; choose another window.",
    );
  }
  const wanted = target.ratePerS * (untilMs - fromMs) / replay.timeScale / 1000;
  if (wanted < 0.5) {
    throw new LoaderError(
      "usage",
      `--target-rate: ${target.ratePerS} a second is no invocation in what is measured; raise ` +
        "the rate or make it longer.",
      { value: target.ratePerS },
    );
  }
  const rateScale = wanted / expected;
  const { slotMs } = trace;
  if (fromMs % slotMs !== 0 || untilMs % slotMs !== 0) {
    return { rateScale, wanted, invocations: null };
  }
  const count = createScaledSum(trace, replay, fromMs / slotMs, untilMs / slotMs);
  return { wanted, ...findFactor(count, rateScale, Math.round(wanted), 1 / expected) };
}

/**
 * The factor nearest to one at which a sum is as wanted, by bisection: where the sum jumps from
 * too few to too many between two factors, it does so function by function, each by one.
 *
 * @param step by which the sum changes by one on average
 */
function findFactor(
  count: (factor: number) => number,
  start: number,
  wanted: number,
  step: number,
): { readonly rateScale: number; readonly invocations: number } {
  const first = count(start);
  let best = { rateScale: start, invocations: first };
  // [too few, too many], as far as they are known.
  const bounds: [number, number] = [0, NaN];
  let factor = start;
  let invocations = first;
  for (let tries = 0; tries < TRIES && invocations !== wanted; tries++) {
    bounds[invocations < wanted ? 0 : 1] = factor;
    const [few, many] = bounds;
    const reach = step * 2 ** tries;
    if (Number.isNaN(many)) factor = start + reach;
    else factor = few === 0 ? Math.max(start - reach, many / 2) : (few + many) / 2;
    if (factor === few || factor === many) break;
    invocations = count(factor);
    if (Math.abs(invocations - wanted) < Math.abs(best.invocations - wanted)) {
      best = { rateScale: factor, invocations };
    }
  }
  return best;
}

/**
 * How many of the functions that are invoked in some slots of a trace are not at a rate.
 *
 * @param shareOffsets of each function, as {@linkcode TargetReplay} has them
 * @param fromSlot first of the slots, `untilSlot` the one after the last
 */
export function countSilenced(
  trace: Pick<Trace, "functions">,
  shareOffsets: Float64Array,
  fromSlot: number,
  untilSlot: number,
  rateScale: number,
): number {
  if (rateScale >= 1) return 0;
  return trace.functions.filter((profile, index) => {
    const { before, count } = sumsOf(profile, fromSlot, untilSlot);
    return count > 0 && scaleCount(count, before, rateScale, shareOffsets[index]) === 0;
  }).length;
}

/** Invocations in a part of a trace; of a slot that is cut, its share. */
function expectedInvocations(
  { slotMs, functions }: Pick<Trace, "slotMs" | "functions">,
  fromMs: number,
  untilMs: number,
): number {
  let sum = 0;
  if (fromMs % slotMs === 0 && untilMs % slotMs === 0) {
    for (const { invocationsPerSlot } of functions) {
      sum += invocationsPerSlot.sum(fromMs / slotMs, untilMs / slotMs);
    }
    return sum;
  }
  for (const { invocationsPerSlot } of functions) {
    const cursor = invocationsPerSlot.cursor();
    for (; cursor.slot * slotMs < untilMs; cursor.next()) {
      const startMs = cursor.slot * slotMs;
      const overlapMs = Math.min(untilMs, startMs + slotMs) - Math.max(fromMs, startMs);
      if (overlapMs > 0) sum += cursor.count * overlapMs / slotMs;
    }
  }
  return sum;
}

/** The whole slot with the most invocations of all that what is measured touches. */
function findFullestSlot(
  { slotMs, functions }: Pick<Trace, "slotMs" | "functions">,
  { fromMs, untilMs }: TargetReplay,
): { readonly fromMs: number; readonly untilMs: number } {
  const first = Math.floor(fromMs / slotMs);
  const sums = new Float64Array(Math.ceil(untilMs / slotMs) - first);
  for (const { invocationsPerSlot } of functions) {
    invocationsPerSlot.forEach((slot, count) => {
      if (slot >= first && slot - first < sums.length) sums[slot - first] += count;
    });
  }
  let fullest = 0;
  for (let i = 1; i < sums.length; i++) if (sums[i] > sums[fullest]) fullest = i;
  return { fromMs: (first + fullest) * slotMs, untilMs: (first + fullest + 1) * slotMs };
}

/** All invocations of some slots by the factor on them. */
function createScaledSum(
  { functions }: Pick<Trace, "functions">,
  { shareOffsets }: TargetReplay,
  fromSlot: number,
  untilSlot: number,
): (rateScale: number) => number {
  const sums = functions.map((profile, index) => ({
    ...sumsOf(profile, fromSlot, untilSlot),
    offset: shareOffsets[index],
  })).filter(({ count }) => count > 0);
  return (rateScale) => {
    let total = 0;
    for (const { before, count, offset } of sums) {
      total += scaleCount(count, before, rateScale, offset);
    }
    return total;
  };
}

function sumsOf({ invocationsPerSlot }: FunctionProfile, fromSlot: number, untilSlot: number) {
  return {
    before: invocationsPerSlot.sum(0, fromSlot),
    count: invocationsPerSlot.sum(fromSlot, untilSlot),
  };
}
