/** Bins are this much wider than the one before: a quantile is off by at most half of it. */
const GROWTH = 1.01;
const LOG_GROWTH = Math.log(GROWTH);

/** What fell into a bin. */
interface Bin {
  weight: number;
  /** Sum of weight × value: where a bin holds one value only, that value is what it stands for. */
  sum: number;
}

/**
 * Quantiles of many weighted values in little memory: bins whose width grows with
 * the value (as DDSketch; Masson, Rim and Lee, VLDB 2019), so that a quantile is
 * off by at most half a percent of its value. The smallest, the largest and the
 * mean are exact, and so are all quantiles where values repeat.
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
  readonly #bins = new Map<number, Bin>();
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
    const index = value > 0 ? Math.floor(Math.log(value) / LOG_GROWTH) : -Infinity;
    const bin = this.#bins.get(index);
    if (bin === undefined) {
      this.#bins.set(index, { weight, sum: weight * value });
    } else {
      bin.weight += weight;
      bin.sum += weight * value;
    }
    this.#weight += weight;
    this.#sum += weight * value;
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
    const bins = [...this.#bins].sort(([a], [b]) => a - b);
    const values: number[] = [];
    let next = 0;
    let below = 0;
    for (const share of shares) {
      if (share <= 0 || share >= 1) {
        values.push(share <= 0 ? this.#minimum : this.#maximum);
        continue;
      }
      while (next < bins.length - 1 && below + bins[next][1].weight < share * this.#weight) {
        below += bins[next][1].weight;
        next++;
      }
      const { sum, weight } = bins[next][1];
      values.push(Math.min(Math.max(sum / weight, this.#minimum), this.#maximum));
    }
    return values;
  }
}
