/** Leading bits of a double's fraction that tell bins apart: 128 bins from a value to its double. */
const FRACTION_BITS = 7;
/** Of the 20 bits of the fraction in the upper half of a double, those that do not. */
const SHIFT = 20 - FRACTION_BITS;

const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);
/** What is smaller has one bin together, so that 0 does not make room for all between. */
const SMALLEST = 2 ** -20;

/** Which half of a double has its exponent: doubles of 1 differ there. */
const UPPER = new Uint32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1;

/**
 * Quantiles of many weighted values in little memory: bins that grow with the value, 128
 * from one to its double (as HdrHistogram's; Tene, 2012), so that a quantile is off by less
 * than a percent of its value. The smallest, the largest and the mean are exact, and so are
 * all quantiles where the values of a bin are the same.
 *
 * @example
 * ```ts
 * import { WeightedSketch } from "./weighted_sketch.ts";
 * const sketch = new WeightedSketch();
 * sketch.add(10, 3);
 * sketch.add(50, 1);
 * if (sketch.quantile(0.5) !== 10 || sketch.mean !== 20) throw new Error("three of four are 10");
 * ```
 */
export class WeightedSketch {
  /** Number of the first bin that has a place. */
  #first = 0;
  #weights = new Float64Array(0);
  /** Sums of weight × value: where a bin holds one value only, that value is what it stands for. */
  #sums = new Float64Array(0);
  #smallWeight = 0;
  #smallSum = 0;
  #weight = 0;
  #sum = 0;
  #minimum = Infinity;
  #maximum = -Infinity;

  /** Sum of the weights. */
  get weight(): number {
    return this.#weight;
  }

  /** Weighted mean; `NaN` where nothing was added. */
  get mean(): number {
    return this.#sum / this.#weight;
  }

  /** Takes in a value from 0 on; a weight of 0 changes nothing. */
  add(value: number, weight: number): void {
    if (weight === 0) return;
    const weighted = weight * value;
    if (value < SMALLEST) {
      this.#smallWeight += weight;
      this.#smallSum += weighted;
    } else {
      DOUBLE[0] = value;
      let at = (HALVES[UPPER] >>> SHIFT) - this.#first;
      if (at < 0 || at >= this.#weights.length) at = this.#makePlace(at + this.#first);
      this.#weights[at] += weight;
      this.#sums[at] += weighted;
    }
    this.#weight += weight;
    this.#sum += weighted;
    if (value < this.#minimum) this.#minimum = value;
    if (value > this.#maximum) this.#maximum = value;
  }

  /** The smallest value that a share of the weight is at or below; `NaN` where nothing was added. */
  quantile(share: number): number {
    return this.quantiles([share])[0];
  }

  /** Several quantiles as {@linkcode quantile}; the shares ascend. */
  quantiles(shares: readonly number[]): number[] {
    if (this.#weight === 0) return shares.map(() => NaN);
    const values: number[] = [];
    let at = -1;
    let through = this.#smallWeight;
    for (const share of shares) {
      if (share <= 0 || share >= 1) {
        values.push(share <= 0 ? this.#minimum : this.#maximum);
        continue;
      }
      while (at < this.#weights.length - 1 && through < share * this.#weight) {
        at++;
        through += this.#weights[at];
      }
      const value = at < 0
        ? this.#smallSum / this.#smallWeight
        : this.#sums[at] / this.#weights[at];
      values.push(Math.min(Math.max(value, this.#minimum), this.#maximum));
    }
    return values;
  }

  /** Makes room for a bin; gives its place. */
  #makePlace(bin: number): number {
    const { length } = this.#weights;
    const first = length === 0 ? bin : Math.min(bin, this.#first);
    const last = length === 0 ? bin : Math.max(bin, this.#first + length - 1);
    const weights = new Float64Array(last - first + 1);
    const sums = new Float64Array(last - first + 1);
    weights.set(this.#weights, length === 0 ? 0 : this.#first - first);
    sums.set(this.#sums, length === 0 ? 0 : this.#first - first);
    this.#first = first;
    this.#weights = weights;
    this.#sums = sums;
    return bin - first;
  }
}
