/** Equal bins of time: bin i spans [i·binMs, (i+1)·binMs) since run start. */
export interface TimeBins {
  readonly binMs: number;
  readonly count: number;
}

/** Widths of bins that a reader can name. */
const BIN_WIDTHS_MS = [
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  30_000,
  60_000,
  300_000,
  600_000,
  1_800_000,
  3_600_000,
];

/**
 * Divides a run into bins: the narrowest width of which at most `maxCount` are
 * needed.
 *
 * @param durationMs length of the run; at least one bin is made
 * @param leastMs no narrower than this
 *
 * @example
 * ```ts
 * import { chooseTimeBins } from "./time_bins.ts";
 * const bins = chooseTimeBins(20_000, 240, 1_000);
 * if (bins.binMs !== 1_000 || bins.count !== 20) throw new Error("20 seconds");
 * ```
 */
export function chooseTimeBins(durationMs: number, maxCount: number, leastMs: number): TimeBins {
  const widest = BIN_WIDTHS_MS[BIN_WIDTHS_MS.length - 1];
  let binMs = BIN_WIDTHS_MS.find((width) => width >= leastMs && durationMs <= width * maxCount);
  binMs ??= widest * Math.ceil(durationMs / widest / maxCount);
  return { binMs, count: Math.max(1, Math.ceil(durationMs / binMs)) };
}

/** Number of times in each bin; times outside all bins and NaN are not counted. */
export function countPerBin(timesMs: Iterable<number>, bins: TimeBins): Uint32Array {
  const counts = new Uint32Array(bins.count);
  for (const timeMs of timesMs) {
    const bin = Math.floor(timeMs / bins.binMs);
    if (bin >= 0 && bin < bins.count) counts[bin]++;
  }
  return counts;
}

/** Largest value in each bin; NaN where there is none. */
export function maxPerBin(
  timesMs: ArrayLike<number>,
  values: ArrayLike<number>,
  bins: TimeBins,
): Float64Array {
  const maxima = new Float64Array(bins.count).fill(NaN);
  for (let i = 0; i < timesMs.length; i++) {
    const bin = Math.floor(timesMs[i] / bins.binMs);
    if (!(bin >= 0 && bin < bins.count) || Number.isNaN(values[i])) continue;
    if (!(maxima[bin] >= values[i])) maxima[bin] = values[i];
  }
  return maxima;
}

/** How many times there are in each bin, of times that come one after another. */
export class BinCounts {
  readonly #binMs: number;
  #counts: Uint32Array;

  /** @param bins as many as are expected; later ones get room when they come */
  constructor({ binMs, count }: TimeBins) {
    this.#binMs = binMs;
    this.#counts = new Uint32Array(count);
  }

  /** Times before 0 and NaN are not counted. */
  add(timeMs: number): void {
    const bin = Math.floor(timeMs / this.#binMs);
    if (!(bin >= 0)) return;
    if (bin >= this.#counts.length) this.#counts = enlarge(this.#counts, bin, 0);
    this.#counts[bin]++;
  }

  /** Those of bins that are the expected ones, or some of them put together. */
  in(bins: TimeBins): Uint32Array {
    const size = bins.binMs / this.#binMs;
    return groupBins(this.#take(bins.count * size), size, (a, b) => a + b);
  }

  #take(count: number): Uint32Array {
    return count <= this.#counts.length
      ? this.#counts.slice(0, count)
      : enlarge(this.#counts, count - 1, 0).slice(0, count);
  }
}

function largerKnown(a: number, b: number): number {
  return b > a || Number.isNaN(a) ? b : a;
}

/** The largest value in each bin, of values that come one after another. */
export class BinMaxima {
  readonly #binMs: number;
  #maxima: Float64Array;

  /** @param bins as many as are expected; later ones get room when they come */
  constructor({ binMs, count }: TimeBins) {
    this.#binMs = binMs;
    this.#maxima = new Float64Array(count).fill(NaN);
  }

  /** Times before 0 and NaN are left out. */
  add(timeMs: number, value: number): void {
    const bin = Math.floor(timeMs / this.#binMs);
    if (!(bin >= 0) || Number.isNaN(value)) return;
    if (bin >= this.#maxima.length) this.#maxima = enlarge(this.#maxima, bin, NaN);
    if (!(this.#maxima[bin] >= value)) this.#maxima[bin] = value;
  }

  /** Those of bins that are the expected ones, or some of them put together; NaN without any. */
  in(bins: TimeBins): Float64Array {
    const size = bins.binMs / this.#binMs;
    return groupBins(this.#take(bins.count * size), size, largerKnown);
  }

  #take(count: number): Float64Array {
    return count <= this.#maxima.length
      ? this.#maxima.slice(0, count)
      : enlarge(this.#maxima, count - 1, NaN).slice(0, count);
  }
}

/**
 * Bins for a run of which about so much was expected: these, as many as there is time; twice
 * as wide, or more, where there would be more than twice as many.
 */
export function reachBins(expected: TimeBins, endMs: number): TimeBins {
  let { binMs } = expected;
  while (endMs > 2 * expected.count * binMs) binMs *= 2;
  return { binMs, count: Math.max(1, Math.ceil(endMs / binMs)) };
}

/** Values of bins put together as their number in wider ones, as many as those are a multiple of. */
export function groupBins<T extends Uint32Array | Float64Array>(
  values: T,
  size: number,
  join: (a: number, b: number) => number,
): T {
  if (size === 1) return values;
  const grouped = values.slice(0, Math.ceil(values.length / size)) as T;
  for (let group = 0; group < grouped.length; group++) {
    let joined = values[group * size];
    const end = Math.min((group + 1) * size, values.length);
    for (let i = group * size + 1; i < end; i++) joined = join(joined, values[i]);
    grouped[group] = joined;
  }
  return grouped;
}

/** A longer array, with room for an index. */
export function enlarge<T extends Uint32Array | Float64Array>(
  array: T,
  index: number,
  fill: number,
): T {
  const more = new (array.constructor as new (length: number) => T)(
    Math.max(2 * array.length, index + 1),
  );
  more.set(array);
  if (fill !== 0) more.fill(fill, array.length);
  return more;
}
