import { Rng, type RngKey } from "../../base/rng.ts";
import { MAX_COUNT } from "../../model/slot_counts.ts";
import { ascendingOrder } from "../../stats/rank_correlation.ts";
import { generateNormal } from "../distributions.ts";
import { type GapVariation, generateGap, generateRestOfGap } from "./gap.ts";
import { type LoadShape, MINUTES_PER_DAY, type TraceShape } from "./load_shape.ts";
import { generateCount } from "./poisson.ts";

/** Invocations at equal distances, as timers and sensors make them. */
export interface PeriodicProcess {
  readonly kind: "periodic";
  readonly periodMinutes: number;
  /** The first time, in minutes from the start of the trace. */
  readonly offsetMinutes: number;
  /** Invocations each time. */
  readonly invocations: number;
}

/**
 * A number of invocations over the trace that is known, at so many times: gaps
 * between these of a given variability, shrunk and stretched to fit the trace.
 */
export interface SparseProcess {
  readonly kind: "sparse";
  /** Invocations in the whole trace, at least as many as times. */
  readonly invocations: number;
  readonly times: number;
  /** How long the gaps are from one time to the next, on whatever scale. */
  readonly gaps: GapVariation;
  /** Over how many minutes in a row a time goes, in the order of the trace; one by default. */
  readonly spans?: Uint16Array;
  /** How unequally the invocations are spread over the times: σ of a logarithm. */
  readonly countSigma: number;
  readonly shape: LoadShape;
}

/**
 * Spans of active minutes and gaps without any invocation in turn, with Poisson
 * counts about a mean that wanders while it is active.
 */
export interface DenseProcess {
  readonly kind: "dense";
  /** Mean length of a span; Infinity where there are no gaps. */
  readonly spanMinutes: number;
  /** Mean length of a gap, at least 1; 0 where there are none. */
  readonly gapMinutes: number;
  /** How long the gaps are beyond their first minute, on whatever scale. */
  readonly gaps: GapVariation;
  /** Mean count of an active minute. */
  readonly countMean: number;
  /** Least count of an active minute: 1 where spans are what was seen, 0 where they are a cause. */
  readonly leastCount: 0 | 1;
  /** The mean wanders as the exponential of a first-order autoregression: its σ, */
  readonly countSigma: number;
  /** and its correlation from a minute to the next. */
  readonly countCorrelation: number;
  /** What each minute has alone beside that, σ of a logarithm; 0 by default. */
  readonly countNoise?: number;
  readonly shape: LoadShape;
}

/** Where a function's invocations come from. */
export type MinuteProcess = PeriodicProcess | SparseProcess | DenseProcess;

/** How far a gap may be from the one that it is like, as a part of that. */
const GAP_WIDTH = 0.2;

/** Streams of random numbers of a function. */
const SPARSE_STREAM = 1;
const DENSE_STREAM = 2;
const ANCHOR_STREAM = 3;

/**
 * Makes the counts of one day of a function after the other. What is drawn
 * depends on the function's key and the day alone, so any day can be made
 * without those before it, and in memory for one.
 */
export class DayGenerator {
  readonly #shape: TraceShape;
  readonly #rng = new Rng();
  #gaps = new Float64Array(512);
  #weights = new Float64Array(512);
  #spans = new Uint32Array(512);
  readonly #active = new Uint8Array(MINUTES_PER_DAY);

  constructor(shape: TraceShape) {
    this.#shape = shape;
  }

  /**
   * Writes the counts of a day.
   *
   * @param counts of 1440 minutes, which are overwritten
   * @returns their sum
   */
  generate(process: MinuteProcess, key: RngKey, day: number, counts: Uint32Array): number {
    counts.fill(0);
    if (process.kind === "periodic") return generatePeriodic(process, day, counts);
    this.#shape.set(process.shape);
    if (process.kind === "sparse") return this.#generateSparse(process, key, day, counts);
    return this.#generateDense(process, key, day, counts);
  }

  #generateSparse(
    process: SparseProcess,
    key: RngKey,
    day: number,
    counts: Uint32Array,
  ): number {
    const { times, invocations, gaps, countSigma } = process;
    const rng = this.#rng;
    // The whole trace is drawn for each of its days: there are few times.
    rng.seed(key, 0, SPARSE_STREAM);
    this.#reserve(times);
    const length = "cv" in gaps
      ? this.#drawGaps(rng, times, gaps.cv)
      : this.#drawGapsLike(rng, times, gaps.like, gaps.correlation);
    const minutes = this.#drawSpans(process);
    let weight = 0;
    for (let i = 0; i < minutes; i++) {
      this.#weights[i] = countSigma === 0 ? 1 : Math.exp(countSigma * generateNormal(rng));
      weight += this.#weights[i];
    }
    // On a circle, so that no time is different from the others.
    let position = rng.nextFloat() * length;
    // Rounded as a running sum, which loses none and begins anywhere.
    const rest = invocations - minutes;
    const start = rng.nextFloat();
    const traceMinutes = this.#shape.days * MINUTES_PER_DAY;
    let weightSoFar = 0;
    let restSoFar = 0;
    let index = 0;
    let free = 0;
    let sum = 0;
    for (let i = 0; i < times; i++) {
      position += this.#gaps[i];
      if (position >= length) {
        position -= length;
        free = 0;
      }
      // Spans that were apart stay apart.
      const from = Math.max(free, Math.floor(this.#shape.minuteOf(position / length)));
      const end = from + this.#spans[i];
      if (process.spans !== undefined) free = end + 1;
      for (let minute = from; minute < end; minute++) {
        weightSoFar += this.#weights[index++];
        const restNow = index === minutes ? rest : Math.floor(start + weightSoFar / weight * rest);
        const count = 1 + restNow - restSoFar;
        restSoFar = restNow;
        const minuteOfDay = minute % traceMinutes - day * MINUTES_PER_DAY;
        if (minuteOfDay < 0 || minuteOfDay >= MINUTES_PER_DAY) continue;
        counts[minuteOfDay] += count;
        sum += count;
      }
    }
    return sum;
  }

  /** How many minutes each time takes; returns the sum, which is at most the invocations. */
  #drawSpans({ times, invocations, spans }: SparseProcess): number {
    this.#spans.fill(1, 0, times);
    if (spans === undefined) return times;
    let minutes = times;
    for (let i = 0; i < times && minutes < invocations; i++) {
      const more = spans[Math.floor(i / times * spans.length)] - 1;
      this.#spans[i] += Math.min(more, invocations - minutes);
      minutes += this.#spans[i] - 1;
    }
    this.#reserve(minutes);
    return minutes;
  }

  #reserve(room: number): void {
    if (room <= this.#weights.length) return;
    const [gaps, spans] = [this.#gaps, this.#spans];
    this.#gaps = new Float64Array(2 * room);
    this.#gaps.set(gaps);
    this.#spans = new Uint32Array(2 * room);
    this.#spans.set(spans);
    this.#weights = new Float64Array(2 * room);
  }

  /** Returns the sum. */
  #drawGaps(rng: Rng, times: number, cv: number): number {
    let length = 0;
    for (let i = 0; i < times; i++) {
      this.#gaps[i] = generateGap(rng, cv);
      length += this.#gaps[i];
    }
    return length;
  }

  /** Takes from each part of the order alike, and puts them in an order with the correlation. */
  #drawGapsLike(rng: Rng, times: number, like: Float32Array, correlation: number): number {
    const newPart = Math.sqrt(1 - correlation * correlation);
    const level = this.#weights;
    level[0] = generateNormal(rng);
    for (let i = 1; i < times; i++) {
      level[i] = correlation * level[i - 1] + newPart * generateNormal(rng);
    }
    const order = ascendingOrder(level.subarray(0, times));
    let length = 0;
    for (let rank = 0; rank < times; rank++) {
      const from = Math.floor((rank + rng.nextFloat()) / times * like.length);
      const gap = like[from] * (1 + GAP_WIDTH * (rng.nextFloat() - 0.5));
      this.#gaps[order[rank]] = gap;
      length += gap;
    }
    return length;
  }

  #generateDense(process: DenseProcess, key: RngKey, day: number, counts: Uint32Array): number {
    const { countMean, leastCount, gapMinutes, gaps } = process;
    const { countSigma: sigma, countCorrelation: correlation, countNoise: noise = 0 } = process;
    const rng = this.#rng;
    rng.seed(key, day, DENSE_STREAM);
    if (gapMinutes === 0) this.#active.fill(1);
    else if ("cv" in gaps) this.#markRenewals(process, gaps.cv, day);
    else this.#markCircle(process, gaps, day);
    const share = activeShare(process, 1);
    const extra = countMean - leastCount;
    let wander = sigma === 0 ? 0 : generateNormal(rng);
    let last = 0;
    let sum = 0;
    for (let minute = 0; minute < MINUTES_PER_DAY; minute++) {
      if (this.#active[minute] === 0) continue;
      const factor = this.#shape.at(day, minute);
      // Load is rate × shape: what more spans do not bring, higher counts do.
      const mean = countMean * factor * share / activeShare(process, factor) - leastCount;
      let level = Math.max(mean, Math.min(extra, 1e-9), 0);
      if (sigma > 0) {
        // The mean wanders on while nothing is seen of it.
        const left = minute === last + 1 ? correlation : correlation ** (minute - last);
        wander = left * wander + Math.sqrt(1 - left * left) * generateNormal(rng);
        level *= Math.exp(sigma * wander - sigma * sigma / 2);
      }
      if (noise > 0) level *= Math.exp(noise * generateNormal(rng) - noise * noise / 2);
      const count = Math.min(MAX_COUNT, leastCount + generateCount(rng, level));
      counts[minute] = count;
      sum += count;
      last = minute;
    }
    return sum > 0 ? sum : this.#anchor(key, day, counts);
  }

  /** Spans and gaps in turn, from any time within them on. */
  #markRenewals(process: DenseProcess, cv: number, day: number): void {
    const rng = this.#rng;
    const shape = this.#shape;
    const more = process.gapMinutes - 1;
    this.#active.fill(0);
    let minute = 0;
    if (rng.nextFloat() >= activeShare(process, shape.at(day, 0))) {
      const end = endOfGap(shape, day, 0, more * generateRestOfGap(rng, cv));
      minute = Math.floor(end + rng.nextFloat());
    }
    while (minute < MINUTES_PER_DAY) {
      const end = minute + spanAt(rng.nextFloat(), process.spanMinutes);
      this.#active.fill(1, minute, Math.min(MINUTES_PER_DAY, end));
      minute =
        Math.floor(endOfGap(shape, day, end, more * generateGap(rng, cv)) + rng.nextFloat()) + 1;
    }
  }

  /**
   * As many spans as the day has on average, and gaps that are like those given
   * and fill it: a single long gap among many would else decide whether a day has any load.
   */
  #markCircle(
    process: DenseProcess,
    { like, correlation }: Exclude<GapVariation, { readonly cv: number }>,
    day: number,
  ): void {
    const rng = this.#rng;
    const shape = this.#shape;
    this.#active.fill(0);
    let expected = 0;
    for (let minute = 0; minute < MINUTES_PER_DAY; minute += CONSTANT_MINUTES) {
      const share = activeShare(process, shape.at(day, minute + CONSTANT_MINUTES / 2));
      expected += CONSTANT_MINUTES * share / process.spanMinutes;
    }
    let times = Math.floor(expected + rng.nextFloat());
    this.#reserve(times);
    // Places all over the distribution, and the sum that is expected of them: by chance, few long
    // spans would decide over the day's load.
    let place = rng.nextFloat();
    let drawn = 0;
    for (let i = 0; i < times; i++) {
      place = (place + GOLDEN_SECTION) % 1;
      this.#spans[i] = spanAt(place, process.spanMinutes);
      drawn += this.#spans[i];
    }
    const stretch = times * process.spanMinutes / drawn;
    let taken = times;
    for (let i = 0; i < times; i++) {
      this.#spans[i] = Math.max(1, Math.floor(this.#spans[i] * stretch + rng.nextFloat()));
      taken += this.#spans[i];
    }
    while (taken > MINUTES_PER_DAY) taken -= this.#spans[--times] + 1;
    if (times === 0) return;
    const length = this.#drawGapsLike(rng, times, like, correlation);
    const from = rng.nextBelow(MINUTES_PER_DAY);
    const idle = MINUTES_PER_DAY - taken;
    let scale = idle / length;
    for (let i = 0; i < SCALE_ROUNDS; i++) {
      const filled = this.#walk(times, from, scale, day) - taken;
      if (filled > 0) scale *= idle / filled;
    }
    this.#walk(times, from, scale, day, this.#active);
  }

  /** Goes over spans and gaps from a minute on, marks the spans, and returns how far it came. */
  #walk(times: number, from: number, scale: number, day: number, active?: Uint8Array): number {
    let position = 0;
    for (let i = 0; i < times; i++) {
      const start = Math.round(position);
      if (active !== undefined) {
        for (let j = 0; j < this.#spans[i]; j++) active[(from + start + j) % MINUTES_PER_DAY] = 1;
      }
      position += this.#spans[i] + 1;
      for (let left = this.#gaps[i] * scale; left > 0;) {
        const factor = this.#shape.at(day, Math.floor(from + position) % MINUTES_PER_DAY);
        const minutes = Math.min(CONSTANT_MINUTES, left / factor);
        position += minutes;
        left = minutes < CONSTANT_MINUTES ? 0 : left - minutes * factor;
      }
    }
    return position;
  }

  /** Of a function that has nothing in any day, one invocation remains. */
  #anchor(key: RngKey, day: number, counts: Uint32Array): number {
    this.#rng.seed(key, 0, ANCHOR_STREAM);
    const minute = this.#rng.nextBelow(this.#shape.days * MINUTES_PER_DAY) - day * MINUTES_PER_DAY;
    if (minute < 0 || minute >= MINUTES_PER_DAY) return 0;
    counts[minute] = 1;
    return 1;
  }
}

/** So often the gaps of a day are scaled to fill it: each time the error falls to some hundredths. */
const SCALE_ROUNDS = 3;

/** Steps of this size spread over 0 to 1 evenly, whatever their number. */
const GOLDEN_SECTION = (Math.sqrt(5) - 1) / 2;

/** The geometric number of minutes at a place in [0, 1) of its distribution. */
function spanAt(place: number, mean: number): number {
  return 1 + Math.floor(Math.log1p(-place) / Math.log1p(-1 / mean));
}

/** A gap passes the faster the higher the load; for so long its factor may be taken as constant. */
const CONSTANT_MINUTES = 30;

/** Where a gap ends that would have so many minutes at a factor of 1. */
function endOfGap(shape: TraceShape, day: number, minute: number, gapMinutes: number): number {
  let end = minute;
  let left = gapMinutes;
  while (end < MINUTES_PER_DAY) {
    const factor = shape.at(day, end);
    if (left <= CONSTANT_MINUTES * factor) return end + left / factor;
    left -= CONSTANT_MINUTES * factor;
    end += CONSTANT_MINUTES;
  }
  return end;
}

/** The part of the minutes that is active where the rate has a factor. */
function activeShare({ spanMinutes, gapMinutes }: DenseProcess, factor: number): number {
  if (gapMinutes === 0) return 1;
  return spanMinutes / (spanMinutes + 1 + (gapMinutes - 1) / factor);
}

function generatePeriodic(
  { periodMinutes, offsetMinutes, invocations }: PeriodicProcess,
  day: number,
  counts: Uint32Array,
): number {
  const start = day * MINUTES_PER_DAY - offsetMinutes;
  const first = Math.max(0, Math.ceil(start / periodMinutes));
  const end = Math.max(0, Math.ceil((start + MINUTES_PER_DAY) / periodMinutes));
  if (periodMinutes >= 1) {
    for (let k = first; k < end; k++) {
      counts[Math.min(MINUTES_PER_DAY - 1, Math.floor(k * periodMinutes - start))] += invocations;
    }
  } else {
    let before = first;
    for (let minute = 0; minute < MINUTES_PER_DAY; minute++) {
      const after = Math.max(0, Math.ceil((start + minute + 1) / periodMinutes));
      counts[minute] = (after - before) * invocations;
      before = after;
    }
  }
  return (end - first) * invocations;
}
