import { rankedQuantileAt } from "./quantile.ts";

/** Leading bits of a double's fraction that tell bins apart: 256 bins from a value to its double. */
const FRACTION_BITS = 8;
/** Of the 20 bits of the fraction in the upper half of a double, those that do not. */
const SHIFT = 20 - FRACTION_BITS;

const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);
/** Which half of a double has its exponent: doubles of 1 differ there. */
const UPPER = new Uint32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1;
/** What is smaller, 0 and what is negative too, has one bin together. */
const SMALLEST = 2 ** -20;

/** How far a value that bins tell is from the one observed, in parts of it, at most. */
export const SKETCH_ERROR = 2 ** -(FRACTION_BITS + 1);

const FIRST_ROOM = 16;

/**
 * Quantiles of any number of values in bounded memory. Up to `mostExact` values are kept as
 * they are; more are counted in bins that grow with the value (as in HdrHistogram, Tene, 2012,
 * and DDSketch, Masson et al., VLDB 2019), 256 from one to its double, so that a quantile is
 * the middle of the bin of its rank: off by at most {@linkcode SKETCH_ERROR} (0.2 %) of the
 * observed value, its rank exact. Numbers, the least and the largest are exact.
 *
 * @example
 * ```ts
 * import { QuantileSketch } from "./quantile_sketch.ts";
 * const sketch = new QuantileSketch(100);
 * for (let value = 1; value <= 1000; value++) sketch.add(value);
 * const median = sketch.ranked(0, 0.5)!;
 * if (Math.abs(median - 500) > 500 * 0.002) throw new Error(String(median));
 * ```
 */
export class QuantileSketch {
  readonly #mostExact: number;
  #count = 0;
  /** As they came; let go of when there are too many. */
  #values: Float64Array | null = new Float64Array(0);
  #isSorted = false;
  /** Counts by bin, from `#first` on. */
  #counts = new Uint32Array(0);
  #first = 0;
  #smallCount = 0;
  #smallSum = 0;
  #least = Infinity;
  #largest = -Infinity;

  /** @param mostExact values beyond which bins tell */
  constructor(mostExact: number) {
    this.#mostExact = mostExact;
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** True while every value is kept as it is. */
  get isExact(): boolean {
    return this.#values !== null;
  }

  /** Every value, ascending; `null` where there were too many to keep. */
  get sorted(): Float64Array | null {
    if (this.#values === null) return null;
    const values = this.#values.subarray(0, this.#count);
    if (!this.#isSorted) values.sort();
    this.#isSorted = true;
    return values;
  }

  /** Takes in a finite value. */
  add(value: number): void {
    if (this.#values === null) this.#addToBin(value);
    else if (this.#count === this.#mostExact) {
      this.#toBins();
      this.#addToBin(value);
    } else {
      if (this.#count === this.#values.length) this.#grow();
      this.#values[this.#count] = value;
      this.#isSorted = false;
    }
    this.#count++;
  }

  /** Takes in all values of another; that one stays as it is. */
  addAll(other: QuantileSketch): void {
    if (other.#values !== null) {
      for (let i = 0; i < other.#count; i++) this.add(other.#values[i]);
      return;
    }
    if (this.#values !== null) this.#toBins();
    for (let i = 0; i < other.#counts.length; i++) {
      if (other.#counts[i] > 0) this.#counts[this.#placeOf(i + other.#first)] += other.#counts[i];
    }
    this.#smallCount += other.#smallCount;
    this.#smallSum += other.#smallSum;
    this.#least = Math.min(this.#least, other.#least);
    this.#largest = Math.max(this.#largest, other.#largest);
    this.#count += other.#count;
  }

  /** See {@linkcode rankedQuantileAt}, over these values and some infinite ones. */
  ranked(infiniteCount: number, q: number): number | null {
    return rankedQuantileAt(this.#count, infiniteCount, q, (rank) => this.#valueAt(rank));
  }

  /** @param rank from 1 */
  #valueAt(rank: number): number {
    const { sorted } = this;
    if (sorted !== null) return sorted[rank - 1];
    if (rank === 1) return this.#least;
    if (rank === this.#count) return this.#largest;
    let through = this.#smallCount;
    if (rank <= through) return this.#clamp(this.#smallSum / this.#smallCount);
    for (let i = 0; i < this.#counts.length; i++) {
      through += this.#counts[i];
      if (rank <= through) return this.#clamp(middleOf(i + this.#first));
    }
    return this.#largest;
  }

  #clamp(value: number): number {
    return Math.min(Math.max(value, this.#least), this.#largest);
  }

  #addToBin(value: number): void {
    if (value < this.#least) this.#least = value;
    if (value > this.#largest) this.#largest = value;
    if (value < SMALLEST) {
      this.#smallCount++;
      this.#smallSum += value;
      return;
    }
    DOUBLE[0] = value;
    const bin = HALVES[UPPER] >>> SHIFT;
    let at = bin - this.#first;
    if (at < 0 || at >= this.#counts.length) at = this.#placeOf(bin);
    this.#counts[at]++;
  }

  #grow(): void {
    const room = Math.min(this.#mostExact, Math.max(FIRST_ROOM, 2 * this.#count));
    const more = new Float64Array(room);
    more.set(this.#values!);
    this.#values = more;
  }

  #toBins(): void {
    const values = this.#values!;
    this.#values = null;
    for (let i = 0; i < this.#count; i++) this.#addToBin(values[i]);
  }

  /** Place of a bin, for which room is made. */
  #placeOf(bin: number): number {
    const { length } = this.#counts;
    if (bin >= this.#first && bin < this.#first + length) return bin - this.#first;
    const first = length === 0 ? bin : Math.min(bin, this.#first);
    const last = length === 0 ? bin : Math.max(bin, this.#first + length - 1);
    const counts = new Uint32Array(last - first + 1);
    if (length > 0) counts.set(this.#counts, this.#first - first);
    this.#first = first;
    this.#counts = counts;
    return bin - first;
  }
}

/** The bin of a value, from 0 on; what is below a millionth has that of 0. */
export function binOf(value: number): number {
  if (value < SMALLEST) return 0;
  DOUBLE[0] = value;
  return HALVES[UPPER] >>> SHIFT;
}

/** The value half-way between the bounds of a bin. */
export function middleOf(bin: number): number {
  return (boundOf(bin) + boundOf(bin + 1)) / 2;
}

function boundOf(bin: number): number {
  HALVES[UPPER] = bin << SHIFT;
  HALVES[1 - UPPER] = 0;
  return DOUBLE[0];
}
