import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { TimeSpan } from "./memory_time.ts";
import type { Occupancy } from "./occupancy.ts";
import { enlarge, groupBins, type TimeBins } from "./time_bins.ts";

/** Invocations in flight, for each bin of time. */
export interface ConcurrencySeries {
  readonly bins: TimeBins;
  /** Average over the bin, weighted by time. */
  readonly mean: Float64Array;
  /** Largest within the bin. */
  readonly max: Uint32Array;
}

/** Calls that are looked at together. */
const WINDOW = 2 ** 19;

/**
 * Follows how many invocations are in flight, from records in the order in which they ended.
 *
 * When a call began is known when it has ended. So half a million of them wait in a window and
 * are swept in order of time, half a window at a time. A call that began before what is swept
 * already (it lasted longer than the window) adds 1 to every bin that it fills: means are exact
 * always, and maxima too, but in the bin in which such a call began, where the maximum may be
 * higher by their number ({@linkcode InFlight.missed}).
 */
export class InFlightSweep {
  readonly #binMs: number;
  readonly #spans: readonly TimeSpan[];
  readonly #window: number;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  #startCount = 0;
  #endCount = 0;
  #level = 0;
  /** Swept up to here. */
  #nowMs = 0;
  #areas: Float64Array;
  #maxima: Float64Array;
  /** Within the spans. */
  #spanMaxima: Float64Array;
  /** Changes of what calls that came late add to each bin that they fill. */
  #lateChanges: Float64Array;
  /** How many calls that came late fill a part of a bin. */
  #lateParts: Float64Array;
  #spanArea = 0;

  /**
   * @param bins as many as are expected; later ones get room when they come
   * @param spans of which the mean and the peak are asked for
   */
  constructor(bins: TimeBins, spans: readonly TimeSpan[] = [], window = WINDOW) {
    this.#binMs = bins.binMs;
    this.#spans = spans;
    this.#window = window;
    this.#starts = new Float64Array(window);
    this.#ends = new Float64Array(window);
    this.#areas = new Float64Array(bins.count + 1);
    this.#maxima = new Float64Array(bins.count + 1);
    this.#spanMaxima = new Float64Array(bins.count + 1);
    this.#lateChanges = new Float64Array(bins.count + 1);
    this.#lateParts = new Float64Array(bins.count + 1);
  }

  add({ count, dispatchedMs, completedMs }: StoredInvocations): void {
    for (let row = 0; row < count; row++) {
      const startMs = dispatchedMs[row];
      const endMs = Number.isNaN(completedMs[row]) ? Infinity : completedMs[row];
      // Never dispatched, or over at the instant of its dispatch: never in flight.
      if (!(endMs > startMs)) continue;
      if (this.#startCount === this.#window || this.#endCount === this.#window) this.#sweepHalf();
      if (startMs < this.#nowMs) this.#addLate(startMs, Math.min(endMs, this.#nowMs));
      if (endMs <= this.#nowMs) continue;
      this.#starts[this.#startCount++] = Math.max(startMs, this.#nowMs);
      if (endMs < Infinity) this.#ends[this.#endCount++] = endMs;
    }
  }

  /**
   * What was in flight, and within the spans.
   *
   * @param bins the expected ones, or some of them put together
   */
  build(bins: TimeBins): InFlight {
    const size = bins.binMs / this.#binMs;
    const count = bins.count * size;
    this.#sweep(Infinity);
    const lastMs = Math.max(count * this.#binMs, ...this.#spans.map(({ untilMs }) => untilMs));
    if (lastMs > this.#nowMs) this.#pass(lastMs);
    this.#makeRoom(count);
    let late = 0;
    let spanPeak = 0;
    const max = new Uint32Array(count);
    const mean = new Float64Array(count);
    for (let bin = 0; bin < this.#areas.length; bin++) {
      late += this.#lateChanges[bin];
      const peak = this.#spanMaxima[bin] + late;
      if (peak > spanPeak && this.#isInSpan(bin * this.#binMs, (bin + 1) * this.#binMs)) {
        spanPeak = peak;
      }
      if (bin >= count) continue;
      max[bin] = this.#maxima[bin] + late;
      mean[bin] = this.#areas[bin] / this.#binMs;
    }
    const lengthMs = this.#spans.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
    return {
      series: {
        bins,
        mean: groupBins(mean, size, (a, b) => a + b).map((sum) => sum / size),
        max: groupBins(max, size, (a, b) => Math.max(a, b)),
      },
      within: lengthMs > 0 ? { mean: this.#spanArea / lengthMs, peak: spanPeak } : null,
      missed: this.#lateParts.reduce((most, parts) => Math.max(most, parts), 0),
    };
  }

  #sweepHalf(): void {
    // Where most of them never ended there are few ends.
    const isOfEnds = this.#endCount === this.#window;
    const times = isOfEnds
      ? this.#ends.subarray(0, this.#endCount)
      : this.#starts.subarray(0, this.#startCount);
    sortIfNeeded(times);
    this.#sweep(Math.max(this.#nowMs, times[times.length >>> 1]));
  }

  /** Sweeps all that happens up to an instant. */
  #sweep(untilMs: number): void {
    const starts = this.#starts.subarray(0, this.#startCount);
    const ends = this.#ends.subarray(0, this.#endCount);
    sortIfNeeded(starts);
    sortIfNeeded(ends);
    let start = 0;
    let end = 0;
    for (;;) {
      const startMs = start < starts.length ? starts[start] : Infinity;
      const endMs = end < ends.length ? ends[end] : Infinity;
      // A call that ends at the instant at which another begins was never beside it.
      const isEnd = endMs <= startMs;
      const nextMs = isEnd ? endMs : startMs;
      if (!(nextMs <= untilMs && nextMs < Infinity)) break;
      if (nextMs > this.#nowMs) this.#pass(nextMs);
      if (isEnd) {
        this.#level--;
        end++;
      } else {
        this.#level++;
        start++;
      }
    }
    if (untilMs < Infinity && untilMs > this.#nowMs) this.#pass(untilMs);
    this.#starts.copyWithin(0, start, this.#startCount);
    this.#ends.copyWithin(0, end, this.#endCount);
    this.#startCount -= start;
    this.#endCount -= end;
  }

  /** Lets time pass, with as many in flight as there are. */
  #pass(untilMs: number): void {
    const level = this.#level;
    let nowMs = this.#nowMs;
    this.#nowMs = untilMs;
    if (level === 0) return;
    this.#addToSpans(nowMs, untilMs, level);
    for (let bin = Math.floor(nowMs / this.#binMs); nowMs < untilMs; bin++) {
      const endMs = Math.min(untilMs, (bin + 1) * this.#binMs);
      if (bin >= this.#areas.length) this.#makeRoom(bin);
      this.#areas[bin] += level * (endMs - nowMs);
      if (level > this.#maxima[bin]) this.#maxima[bin] = level;
      if (level > this.#spanMaxima[bin] && this.#isInSpan(nowMs, endMs)) {
        this.#spanMaxima[bin] = level;
      }
      nowMs = endMs;
    }
  }

  #addLate(startMs: number, endMs: number): void {
    this.#addToSpans(startMs, endMs, 1);
    const first = Math.max(0, Math.floor(startMs / this.#binMs));
    const last = Math.floor(endMs / this.#binMs);
    if (last + 1 >= this.#areas.length) this.#makeRoom(last + 1);
    for (let bin = first; bin <= last; bin++) {
      const fromMs = Math.max(startMs, bin * this.#binMs);
      this.#areas[bin] += Math.max(0, Math.min(endMs, (bin + 1) * this.#binMs) - fromMs);
    }
    // Of a bin that it fills in part it is not known whether the maximum was there.
    const filled = startMs <= first * this.#binMs ? first : first + 1;
    if (filled > first) this.#lateParts[first]++;
    if (last >= filled && endMs > last * this.#binMs) this.#lateParts[last]++;
    if (last <= filled) return;
    this.#lateChanges[filled]++;
    this.#lateChanges[last]--;
  }

  #addToSpans(fromMs: number, untilMs: number, level: number): void {
    for (const span of this.#spans) {
      const lengthMs = Math.min(untilMs, span.untilMs) - Math.max(fromMs, span.fromMs);
      if (lengthMs > 0) this.#spanArea += level * lengthMs;
    }
  }

  #isInSpan(fromMs: number, untilMs: number): boolean {
    for (const span of this.#spans) {
      if (fromMs < span.untilMs && untilMs > span.fromMs) return true;
    }
    return false;
  }

  #makeRoom(bin: number): void {
    if (bin < this.#areas.length) return;
    this.#areas = enlarge(this.#areas, bin, 0);
    this.#maxima = enlarge(this.#maxima, bin, 0);
    this.#spanMaxima = enlarge(this.#spanMaxima, bin, 0);
    this.#lateChanges = enlarge(this.#lateChanges, bin, 0);
    this.#lateParts = enlarge(this.#lateParts, bin, 0);
  }
}

/** What {@linkcode InFlightSweep} found. */
export interface InFlight {
  readonly series: ConcurrencySeries;
  /** Within the spans; `null` where they have no length. */
  readonly within: Occupancy | null;
  /** By so many a maximum may be too low; 0 unless calls lasted longer than the window. */
  readonly missed: number;
}

/** Records come nearly in order. */
function sortIfNeeded(times: Float64Array): void {
  for (let i = 1; i < times.length; i++) {
    if (times[i] < times[i - 1]) {
      times.sort();
      return;
    }
  }
}

/** Derives the number of invocations of a table in flight over time. */
export function deriveConcurrency(table: StoredInvocations, bins: TimeBins): ConcurrencySeries {
  const sweep = new InFlightSweep(bins);
  sweep.add(table);
  return sweep.build(bins).series;
}
