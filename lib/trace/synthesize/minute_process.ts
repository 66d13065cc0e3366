import { Rng, type RngKey } from "../../base/rng.ts";
import { generateNormal } from "../distributions.ts";
import { generateExponential, generateGap, generateRestOfGap } from "./gap.ts";
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
  /** Coefficient of variation of the gaps. */
  readonly gapCv: number;
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
  readonly gapCv: number;
  /** Mean count of an active minute. */
  readonly countMean: number;
  /** Least count of an active minute: 1 where spans are what was seen, 0 where they are a cause. */
  readonly leastCount: 0 | 1;
  /** The mean wanders as the exponential of a first-order autoregression: its σ, */
  readonly countSigma: number;
  /** and its correlation from a minute to the next. */
  readonly countCorrelation: number;
  readonly shape: LoadShape;
}

/** Where a function's invocations come from. */
export type MinuteProcess = PeriodicProcess | SparseProcess | DenseProcess;

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
    const { times, invocations, gapCv, countSigma } = process;
    const rng = this.#rng;
    // The whole trace is drawn for each of its days: there are few times.
    rng.seed(key, 0, SPARSE_STREAM);
    if (times > this.#gaps.length) {
      this.#gaps = new Float64Array(2 * times);
      this.#weights = new Float64Array(2 * times);
    }
    let length = 0;
    let weight = 0;
    for (let i = 0; i < times; i++) {
      this.#gaps[i] = generateGap(rng, gapCv);
      length += this.#gaps[i];
      this.#weights[i] = countSigma === 0 ? 1 : Math.exp(countSigma * generateNormal(rng));
      weight += this.#weights[i];
    }
    // On a circle, so that no time is different from the others.
    let position = rng.nextFloat() * length;
    // Rounded as a running sum, which loses none and begins anywhere.
    const rest = invocations - times;
    const start = rng.nextFloat();
    let weightSoFar = 0;
    let restSoFar = 0;
    let sum = 0;
    for (let i = 0; i < times; i++) {
      position += this.#gaps[i];
      weightSoFar += this.#weights[i];
      const restNow = i === times - 1 ? rest : Math.floor(start + weightSoFar / weight * rest);
      const count = 1 + restNow - restSoFar;
      restSoFar = restNow;
      const minute = Math.floor(this.#shape.minuteOf(position % length / length)) -
        day * MINUTES_PER_DAY;
      if (minute < 0 || minute >= MINUTES_PER_DAY) continue;
      counts[minute] += count;
      sum += count;
    }
    return sum;
  }

  #generateDense(process: DenseProcess, key: RngKey, day: number, counts: Uint32Array): number {
    const { spanMinutes, gapMinutes, gapCv, countMean, leastCount } = process;
    const { countSigma: sigma, countCorrelation: correlation } = process;
    const rng = this.#rng;
    const shape = this.#shape;
    rng.seed(key, day, DENSE_STREAM);
    const always = gapMinutes === 0;
    const newPart = Math.sqrt(1 - correlation * correlation);
    const share = activeShare(process, 1);
    const extra = countMean - leastCount;
    let wander = sigma === 0 ? 0 : generateNormal(rng);
    let minute = 0;
    let active = always || rng.nextFloat() < activeShare(process, shape.at(day, 0));
    let isFirst = true;
    let sum = 0;
    while (minute < MINUTES_PER_DAY) {
      if (!active) {
        const gap = isFirst ? generateRestOfGap(rng, gapCv) : generateGap(rng, gapCv);
        const end = endOfGap(shape, day, minute, (gapMinutes - 1) * gap);
        minute = Math.floor(end + rng.nextFloat()) + (isFirst ? 0 : 1);
      }
      isFirst = false;
      active = false;
      const span = always
        ? MINUTES_PER_DAY
        : 1 + Math.floor(generateExponential(rng) / -Math.log1p(-1 / spanMinutes));
      const end = Math.min(MINUTES_PER_DAY, minute + span);
      for (; minute < end; minute++) {
        const factor = shape.at(day, minute);
        // Load is rate × shape: what more spans do not bring, higher counts do.
        const mean = always
          ? Math.max(0, countMean * factor - leastCount)
          : Math.max(0, countMean * factor * share / activeShare(process, factor) - leastCount);
        let level = Math.max(mean, Math.min(extra, 1e-9));
        if (sigma > 0) {
          level *= Math.exp(sigma * wander - sigma * sigma / 2);
          wander = correlation * wander + newPart * generateNormal(rng);
        }
        const count = Math.min(0xffffffff, leastCount + generateCount(rng, level));
        counts[minute] = count;
        sum += count;
      }
    }
    return sum > 0 ? sum : this.#anchor(key, day, counts);
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
