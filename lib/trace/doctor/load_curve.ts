/** The load of a trace in each of its slots. */
export interface LoadCurve {
  readonly slotMs: number;
  /** Invocations in each slot. */
  readonly invocations: Float64Array;
  /** Invocations in flight that they come to on average, by Little's law, as asked for. */
  readonly concurrency: Float64Array;
}

/** Neighbouring slots whose load is not like that of the others. */
export interface SlotRun {
  readonly fromSlot: number;
  /** The slot after the last. */
  readonly toSlot: number;
}

/** Slots to each side by which it is told what is usual. */
const NEIGHBOURHOOD = 30;

/** With so many invocations to a slot, a silent one is no chance: e⁻²⁰ = 2·10⁻⁹. */
const LEAST_USUAL = 20;

/** Less than this part of what is usual is a dip, and more than so many times a surge. */
export const DIP_SHARE = 0.2;
export const SURGE_FACTOR = 5;

/** What stands out of a load curve. */
export interface LoadIrregularities {
  /** Slots without any invocation where silence is no chance. */
  readonly silent: readonly SlotRun[];
  /** Slots with less than {@linkcode DIP_SHARE} of what is usual around them, but some. */
  readonly dips: readonly SlotRun[];
  /** Slots with more than {@linkcode SURGE_FACTOR} times of what is usual around them. */
  readonly surges: readonly SlotRun[];
  /** True if the first slot, or the last, has less than half of the one beside it. */
  readonly firstIsCut: boolean;
  readonly lastIsCut: boolean;
}

/** Slots beside an edge that it is compared with. */
const BESIDE_EDGE = 3;

/** An edge with less than this part of its neighbours was not recorded whole. */
const CUT_SHARE = 0.5;

/**
 * Finds slots that are unlike those around them: in a trace that was recorded whole,
 * the sum over many functions changes little from one slot to the next. Usual is
 * the median of half an hour of minutes to each side.
 *
 * @example
 * ```ts
 * import { findIrregularities } from "./load_curve.ts";
 * const invocations = new Float64Array(100).fill(50);
 * invocations.fill(0, 40, 43);
 * const [hole] = findIrregularities(invocations).silent;
 * if (hole.fromSlot !== 40 || hole.toSlot !== 43) throw new Error("three slots");
 * ```
 */
export function findIrregularities(invocations: Float64Array): LoadIrregularities {
  const usual = runningMedian(invocations, NEIGHBOURHOOD);
  const isJudged = (slot: number) => usual[slot] >= LEAST_USUAL;
  const overall = medianOf(invocations);
  // Amid a long hole the usual is nothing; there the whole trace tells.
  const isSilent = (slot: number) =>
    invocations[slot] === 0 && (isJudged(slot) || overall >= LEAST_USUAL);
  const last = invocations.length - 1;
  return {
    silent: findRuns(invocations.length, isSilent),
    dips: findRuns(
      invocations.length,
      (slot) =>
        slot > 0 && slot < last && isJudged(slot) && invocations[slot] > 0 &&
        invocations[slot] < DIP_SHARE * usual[slot],
    ),
    surges: findRuns(
      invocations.length,
      (slot) => isJudged(slot) && invocations[slot] > SURGE_FACTOR * usual[slot],
    ),
    firstIsCut: isCut(invocations[0], invocations.subarray(1, Math.min(last, 1 + BESIDE_EDGE))),
    lastIsCut: isCut(
      invocations[last],
      invocations.subarray(Math.max(1, last - BESIDE_EDGE), last),
    ),
  };
}

function isCut(edge: number, beside: Float64Array): boolean {
  const usual = medianOf(beside);
  return beside.length >= BESIDE_EDGE && usual >= LEAST_USUAL && edge > 0 &&
    edge < CUT_SHARE * usual;
}

function findRuns(slots: number, isMeant: (slot: number) => boolean): SlotRun[] {
  const runs: SlotRun[] = [];
  let fromSlot = -1;
  for (let slot = 0; slot <= slots; slot++) {
    const isInside = slot < slots && isMeant(slot);
    if (isInside && fromSlot < 0) fromSlot = slot;
    if (!isInside && fromSlot >= 0) {
      runs.push({ fromSlot, toSlot: slot });
      fromSlot = -1;
    }
  }
  return runs;
}

/** The median of each value and those so far to each side of it. */
function runningMedian(values: Float64Array, reach: number): Float64Array {
  const medians = new Float64Array(values.length);
  // Kept in order; one value comes and one goes at each step.
  const sorted: number[] = [];
  const placeOf = (value: number) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  for (let i = -reach; i < values.length; i++) {
    const coming = i + reach;
    if (coming < values.length) sorted.splice(placeOf(values[coming]), 0, values[coming]);
    const going = i - reach - 1;
    if (going >= 0) sorted.splice(placeOf(values[going]), 1);
    if (i >= 0) medians[i] = sorted[sorted.length >> 1];
  }
  return medians;
}

function medianOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.toSorted()[values.length >> 1];
}

/** A curve with fewer points: the mean, and the largest, of each so many slots. */
export interface ThinCurve {
  /** Slots to a point; the last may have fewer. */
  readonly slotsPerPoint: number;
  readonly mean: Float64Array;
  readonly most: Float64Array;
}

/** Thins a curve to at most so many points, of whole slots each. */
export function thinCurve(values: Float64Array, mostPoints: number): ThinCurve {
  const slotsPerPoint = Math.max(1, Math.ceil(values.length / mostPoints));
  const points = Math.ceil(values.length / slotsPerPoint);
  const mean = new Float64Array(points);
  const most = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    const from = point * slotsPerPoint;
    const until = Math.min(values.length, from + slotsPerPoint);
    for (let slot = from; slot < until; slot++) {
      mean[point] += values[slot] / (until - from);
      most[point] = Math.max(most[point], values[slot]);
    }
  }
  return { slotsPerPoint, mean, most };
}
