import type { SlotCounts } from "../../../model/slot_counts.ts";
import { rankCorrelation } from "../../../stats/rank_correlation.ts";
import type { GapVariation } from "../gap.ts";
import { type LoadShape, MINUTES_PER_DAY, TraceShape } from "../load_shape.ts";
import type { TraceTime } from "./minute_counts.ts";

/** Up to this many active minutes, their gaps are all that is known of a function. */
export const MOST_SPARSE = 256;

/** Gaps of a periodic function differ from their median by at most this many minutes, */
const PERIOD_TOLERANCE_MINUTES = 1;
/** and so many of them do so at least. */
const PERIODIC_SHARE = 0.9;
/** Fewer active minutes than this may be at equal distances by chance. */
const FEWEST_PERIODIC = 4;
/** Counts of every minute that vary by less than this part of a Poisson process are periodic. */
const STEADY_DISPERSION = 0.2;
const STEADY_SHARE = 0.95;

/** A logarithm's σ of more than this would be of single outliers. */
const MOST_SIGMA = 3;
/** The second distance at which the wandering of a mean is looked at. */
const LONG_LAG_MINUTES = 10;

/** How a function's counts come about, whatever its rate. */
export type FittedProcess =
  | {
    readonly kind: "periodic";
    readonly periodMinutes: number;
    readonly invocations: number;
  }
  | {
    readonly kind: "sparse";
    readonly spans: Uint16Array;
    readonly gaps: GapVariation;
    readonly countSigma: number;
  }
  | {
    readonly kind: "dense";
    readonly spanMinutes: number;
    readonly gapMinutes: number;
    readonly gaps: GapVariation;
    readonly countSigma: number;
    readonly countCorrelation: number;
    readonly countNoise: number;
  };

/**
 * Fits the process of a function to its counts of minutes: by moments, after the
 * shape of day and week is taken out of them.
 */
export class ProcessFitter {
  readonly #time: TraceTime;
  readonly #shape: TraceShape;
  readonly #dense: Float64Array;
  readonly #expected: Float64Array;

  constructor(time: TraceTime) {
    this.#time = time;
    this.#shape = new TraceShape(Math.ceil((time.startMinute + time.minutes) / MINUTES_PER_DAY));
    this.#dense = new Float64Array(time.minutes);
    this.#expected = new Float64Array(time.minutes);
  }

  /** @param counts of minutes, not all 0 */
  fit(counts: SlotCounts, shape: LoadShape): FittedProcess {
    const periodic = findPeriod(counts, this.#time.minutes);
    if (periodic !== null) return periodic;
    this.#shape.set(shape);
    return counts.nonZero <= MOST_SPARSE ? this.#fitSparse(counts) : this.#fitDense(counts);
  }

  #fitSparse(counts: SlotCounts): FittedProcess {
    const starts: number[] = [];
    const spans: number[] = [];
    const more = new Moments();
    let last = -2;
    counts.forEach((minute, count) => {
      if (minute === last + 1) spans[spans.length - 1]++;
      else {
        starts.push(minute);
        spans.push(1);
      }
      more.add(count - 1);
      last = minute;
    });
    // What is before the first and after the last one is a gap as well.
    const gaps = Float32Array.from(
      starts,
      (start, i) =>
        i + 1 < starts.length
          ? this.#loadTime(start, starts[i + 1])
          : this.#loadTime(start, this.#time.minutes) + this.#loadTime(0, starts[0]),
    );
    return {
      kind: "sparse",
      spans: Uint16Array.from(spans),
      gaps: { correlation: neighbourCorrelation(gaps), like: gaps.toSorted() },
      countSigma: more.mean > 0 ? Math.min(MOST_SIGMA, Math.sqrt(Math.log1p(more.cv ** 2))) : 0,
    };
  }

  #fitDense(counts: SlotCounts): FittedProcess {
    const { minutes } = this.#time;
    const gaps: number[] = [];
    let spans = 0;
    let first = -1;
    let last = -2;
    counts.forEach((minute, count) => {
      this.#dense[minute] = count;
      if (minute > last + 1) {
        spans++;
        // The first minute of a gap is one whatever the load.
        if (last >= 0) gaps.push(this.#loadTime(last + 2, minute));
        else first = minute;
      }
      last = minute;
    });
    // What is before the first and after the last one is a gap as well: long ones are often there.
    const outside = this.#loadTime(last + 1, minutes) + this.#loadTime(0, first);
    if (outside > 1) gaps.push(outside - 1);
    const always = spans <= 1 || gaps.length === 0;
    const spanMinutes = always ? Infinity : counts.nonZero / spans;
    const more = always ? 0 : this.#findGap(spanMinutes, counts.nonZero / minutes);
    const wander = this.#fitWander(counts, spanMinutes, more);
    this.#dense.fill(0, 0, minutes);
    return {
      kind: "dense",
      spanMinutes,
      gapMinutes: always ? 0 : 1 + more,
      gaps: more < 0.05 ? { cv: 1 } : {
        like: meansOfParts(gaps.toSorted((a, b) => a - b)),
        correlation: neighbourCorrelation(gaps),
      },
      ...wander,
    };
  }

  /** The mean gap beyond its first minute with which so many minutes are active over the shape. */
  #findGap(spanMinutes: number, activeShare: number): number {
    const { minutes } = this.#time;
    const step = Math.max(1, Math.floor(minutes / SHAPE_POINTS));
    const factors: number[] = [];
    for (let minute = 0; minute < minutes; minute += step) factors.push(this.#factorAt(minute));
    const shareAt = (more: number) =>
      factors.reduce((sum, factor) => sum + spanMinutes / (spanMinutes + 1 + more / factor), 0) /
      factors.length;
    let low = 0;
    let high = 1;
    while (shareAt(high) > activeShare && high < minutes) high *= 2;
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      if (shareAt(middle) > activeShare) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  /** How counts of active minutes vary about what the shape makes expect. */
  #fitWander(counts: SlotCounts, spanMinutes: number, more: number) {
    // As in DayGenerator: what a higher load does not bring by more spans, it does by counts.
    const share = (factor: number) =>
      spanMinutes === Infinity ? 1 : spanMinutes / (spanMinutes + 1 + more / factor);
    const rate = counts.total / this.#time.minutes;
    counts.forEach((minute) => {
      const factor = this.#factorAt(minute);
      this.#expected[minute] = Math.max(0, rate * factor / share(factor) - 1);
    });
    let scale = 0;
    let own = 0;
    const lagged = [1, LONG_LAG_MINUTES].map((lag) => ({ lag, product: 0, scale: 0 }));
    counts.forEach((minute, count) => {
      const expected = this.#expected[minute];
      const difference = count - 1 - expected;
      scale += expected * expected;
      own += difference * difference - (count - 1);
      for (const sum of lagged) {
        const other = minute - sum.lag;
        if (other < 0 || this.#dense[other] === 0) continue;
        const before = this.#expected[other];
        sum.product += difference * (this.#dense[other] - 1 - before);
        sum.scale += expected * before;
      }
    });
    const log = (product: number, by: number) => by > 0 ? Math.log1p(Math.max(0, product / by)) : 0;
    const all = Math.min(MOST_SIGMA ** 2, log(own, scale));
    const near = Math.min(all, log(lagged[0].product, lagged[0].scale));
    const far = Math.min(near, log(lagged[1].product, lagged[1].scale));
    // What two minutes have in common falls off as a power; what a single one has alone is noise.
    const correlation = near > 0
      ? Math.min(0.999, (Math.max(far, 1e-3 * near) / near) ** (1 / (LONG_LAG_MINUTES - 1)))
      : 0;
    const wander = near > 0 ? Math.min(all, near / correlation) : 0;
    return {
      countSigma: Math.sqrt(wander),
      countCorrelation: correlation,
      countNoise: Math.sqrt(all - wander),
    };
  }

  #factorAt(minute: number): number {
    const position = this.#time.startMinute + minute;
    return this.#shape.at(Math.floor(position / MINUTES_PER_DAY), position % MINUTES_PER_DAY);
  }

  /** The load that the shape has between two minutes, in minutes at a factor of 1. */
  #loadTime(from: number, to: number): number {
    let sum = 0;
    for (let minute = from; minute < to;) {
      const step = Math.min(15, to - minute);
      sum += step * this.#factorAt(minute + step / 2 - 0.5);
      minute += step;
    }
    return sum;
  }
}

function findPeriod(counts: SlotCounts, minutes: number): FittedProcess | null {
  const { nonZero, total } = counts;
  if (nonZero < FEWEST_PERIODIC) return null;
  const active = new Float64Array(nonZero);
  let squares = 0;
  let index = 0;
  counts.forEach((minute, count) => {
    active[index++] = minute;
    squares += count * count;
  });
  if (nonZero >= STEADY_SHARE * minutes) {
    const mean = total / minutes;
    const dispersion = (squares / minutes - mean * mean) / mean;
    return dispersion < STEADY_DISPERSION
      ? { kind: "periodic", periodMinutes: minutes / total, invocations: 1 }
      : null;
  }
  const gaps = active.subarray(1).map((minute, i) => minute - active[i]);
  const median = gaps.toSorted()[gaps.length >> 1];
  // Of gaps of a minute or two all are near their median.
  if (median <= 2 * PERIOD_TOLERANCE_MINUTES) return null;
  const near = gaps.filter((gap) => Math.abs(gap - median) <= PERIOD_TOLERANCE_MINUTES);
  if (near.length < PERIODIC_SHARE * gaps.length) return null;
  const periodMinutes = (active[nonZero - 1] - active[0]) / gaps.length;
  // One that begins or ends within the trace is not periodic over it.
  if (nonZero < 0.8 * minutes / periodMinutes - 1) return null;
  return { kind: "periodic", periodMinutes, invocations: Math.max(1, Math.round(total / nonZero)) };
}

/** Gaps of a dense function are kept as the means of so many equal parts of them. */
const GAP_PARTS = 64;
/** At so many minutes the shape is looked at for a mean over it. */
const SHAPE_POINTS = 336;

/** The means of equal parts of values in ascending order: their mean is kept, and most of their spread. */
function meansOfParts(sorted: readonly number[]): Float32Array {
  const parts = Math.min(GAP_PARTS, sorted.length);
  return Float32Array.from({ length: parts }, (_, part) => {
    const from = Math.floor(part / parts * sorted.length);
    const to = Math.floor((part + 1) / parts * sorted.length);
    let sum = 0;
    for (let i = from; i < to; i++) sum += sorted[i];
    return sum / (to - from);
  });
}

/** Fewer gaps than this tell nothing of how one depends on the other. */
const FEWEST_CORRELATED = 12;

/** The correlation of normal variables whose ranks are correlated as those of neighbours are. */
function neighbourCorrelation(
  gaps: ArrayLike<number> & { slice(from: number, to?: number): ArrayLike<number> },
): number {
  if (gaps.length < FEWEST_CORRELATED) return 0;
  const correlation = rankCorrelation(gaps.slice(0, -1), gaps.slice(1)) ?? 0;
  return Math.max(-0.95, Math.min(0.95, 2 * Math.sin(Math.PI / 6 * correlation)));
}

/** Mean and variability of numbers as they come. */
class Moments {
  count = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    this.count++;
    this.#sum += value;
    this.#squares += value * value;
  }

  get mean(): number {
    return this.#sum / this.count;
  }

  /** Standard deviation ÷ mean; 0 where the mean is. */
  get cv(): number {
    if (this.#sum <= 0) return 0;
    return Math.sqrt(Math.max(0, this.#squares / this.count - this.mean ** 2)) / this.mean;
  }
}
