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
