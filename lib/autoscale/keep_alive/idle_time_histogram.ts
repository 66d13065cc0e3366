import { checkField } from "../field_check.ts";

/** A percentile that is kept up to date: the bin that it falls in, and the counts before it. */
interface Marker {
  readonly q: number;
  bin: number;
  before: number;
}

/** Options of {@linkcode IdleTimeHistogram}. */
export interface HistogramOptions {
  readonly binMs: number;
  readonly bins: number;
  /** Quantiles in (0, 1] of the idle times in range, whose bins are followed. */
  readonly head: number;
  readonly tail: number;
}

/**
 * Idle times of one function, counted in bins of equal width up to a range;
 * what is beyond it is only counted. Percentiles and the coefficient of
 * variation are kept up to date with each idle time, so that asking costs
 * nothing. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020.
 *
 * @example
 * ```ts
 * import { IdleTimeHistogram } from "./idle_time_histogram.ts";
 * const idle = new IdleTimeHistogram({ binMs: 60_000, bins: 240, head: 0.05, tail: 0.99 });
 * idle.add(419_000);
 * if (idle.headMs !== 360_000 || idle.tailMs !== 420_000) throw new Error("not minute 6 to 7");
 * ```
 */
export class IdleTimeHistogram {
  readonly #binMs: number;
  readonly #counts: Uint32Array;
  readonly #head: Marker;
  readonly #tail: Marker;
  #inRange = 0;
  #outOfRange = 0;
  #sumOfSquares = 0;

  /** @throws {LoaderError} `usage` when an option is out of its range */
  constructor({ binMs, bins, head, tail }: HistogramOptions) {
    checkField("binMs", binMs, { above: 0 });
    checkField("bins", bins, { least: 1, integer: true });
    checkField("head", head, { above: 0, most: 1 });
    checkField("tail", tail, { above: 0, most: 1 });
    this.#binMs = binMs;
    this.#counts = new Uint32Array(bins);
    this.#head = { q: head, bin: 0, before: 0 };
    this.#tail = { q: tail, bin: 0, before: 0 };
  }

  /** Counts an idle time of at least 0 ms. */
  add(idleMs: number): void {
    const bin = Math.floor(idleMs / this.#binMs);
    if (bin >= this.#counts.length) {
      this.#outOfRange++;
      return;
    }
    this.#sumOfSquares += 2 * this.#counts[bin] + 1;
    this.#counts[bin]++;
    this.#inRange++;
    this.#follow(this.#head, bin);
    this.#follow(this.#tail, bin);
  }

  /** Idle times within the range. */
  get inRange(): number {
    return this.#inRange;
  }

  /** Part of all idle times that was beyond the range; 0 when there are none. */
  get outOfRangeShare(): number {
    const all = this.#inRange + this.#outOfRange;
    return all === 0 ? 0 : this.#outOfRange / all;
  }

  /**
   * Coefficient of variation of the bins' counts: 0 where all are equal, the
   * higher the more the idle times concentrate; 0 when there are none.
   */
  get countVariation(): number {
    if (this.#inRange === 0) return 0;
    const bins = this.#counts.length;
    return Math.sqrt(bins * this.#sumOfSquares / this.#inRange ** 2 - 1);
  }

  /** Lower edge of the bin with the head quantile. */
  get headMs(): number {
    return this.#head.bin * this.#binMs;
  }

  /** Upper edge of the bin with the tail quantile. */
  get tailMs(): number {
    return (this.#tail.bin + 1) * this.#binMs;
  }

  /** Moves a marker to the first bin up to which a part q of the counts lies. */
  #follow(marker: Marker, added: number): void {
    if (added < marker.bin) marker.before++;
    // A product such as 0.07 × 100 is a hair above the whole number that it stands for.
    const rank = Math.max(1, Math.ceil(marker.q * this.#inRange * (1 - Number.EPSILON)));
    while (marker.before >= rank) marker.before -= this.#counts[--marker.bin];
    while (marker.before + this.#counts[marker.bin] < rank) {
      marker.before += this.#counts[marker.bin++];
    }
  }
}
