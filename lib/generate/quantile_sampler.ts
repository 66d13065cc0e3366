import type { Rng } from "../base/rng.ts";
import type { Percentiles } from "../model/trace.ts";

const BINS = 100;

/**
 * Draws whole numbers from a distribution known by percentiles: a uniform
 * quantile, interpolated linearly between the percentiles around it (below the
 * first the first, above the last the last), clamped, rounded half up.
 */
export class QuantileSampler {
  readonly #minimum: number;
  readonly #maximum: number;
  /** Upper end of each segment, as a quantile. */
  readonly #upper: Float64Array;
  readonly #intercept: Float64Array;
  readonly #slope: Float64Array;
  /** First segment that a hundredth of the quantiles may fall into. */
  readonly #firstOfBin: Uint8Array;

  constructor(percentiles: Percentiles, minimum: number, maximum: number) {
    this.#minimum = minimum;
    this.#maximum = maximum;
    const { quantiles, values } = percentiles;
    const count = quantiles.length;
    // One constant segment in front of the first percentile, one behind the last.
    this.#upper = new Float64Array(count + 1);
    this.#intercept = new Float64Array(count + 1);
    this.#slope = new Float64Array(count + 1);
    for (let segment = 0; segment <= count; segment++) {
      if (segment === 0 || segment === count) {
        this.#upper[segment] = segment === 0 ? quantiles[0] : Infinity;
        this.#intercept[segment] = values[segment === 0 ? 0 : count - 1];
        continue;
      }
      const slope = (values[segment] - values[segment - 1]) /
        (quantiles[segment] - quantiles[segment - 1]);
      this.#upper[segment] = quantiles[segment];
      this.#slope[segment] = slope;
      this.#intercept[segment] = values[segment - 1] - slope * quantiles[segment - 1];
    }
    this.#firstOfBin = new Uint8Array(BINS);
    for (let bin = 0; bin < BINS; bin++) {
      let segment = 0;
      while (bin / BINS >= this.#upper[segment]) segment++;
      this.#firstOfBin[bin] = segment;
    }
  }

  /** The value at a quantile in [0, 1). */
  valueAt(quantile: number): number {
    let segment = this.#firstOfBin[Math.floor(quantile * BINS)];
    while (quantile >= this.#upper[segment]) segment++;
    const value = this.#intercept[segment] + this.#slope[segment] * quantile;
    if (value <= this.#minimum) return this.#minimum;
    if (value >= this.#maximum) return this.#maximum;
    return Math.floor(value + 0.5);
  }

  /** Fills `out[from, from + count)` with independent draws. */
  fill(rng: Rng, out: Uint32Array, from: number, count: number): void {
    for (let i = from; i < from + count; i++) out[i] = this.valueAt(rng.nextFloat());
  }
}
