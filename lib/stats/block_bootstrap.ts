import { LoaderError } from "../base/error.ts";
import type { Rng } from "../base/rng.ts";
import { quantile } from "./quantile.ts";

/** Observations, each of one of several blocks that are drawn as a whole. */
export interface BlockedValues {
  /** May be infinite, and is never NaN. */
  readonly values: Float64Array;
  /** Block of each, from 0. */
  readonly block: Uint32Array;
  /** How many observations each stands for, where they are counted by value; one by default. */
  readonly counts?: Float64Array;
  /** Number of blocks. */
  readonly blocks: number;
}

/** Values are put together in bins beyond this many: a quantile is then off by at most 1 / 8192 in rank. */
const MOST_BINS = 8192;

/**
 * Quantiles of observations whose blocks have weights, as a bootstrap draws them.
 * The values are sorted once, so that a draw costs a search among their bins.
 *
 * @example
 * ```ts
 * import { BlockedQuantiles } from "./block_bootstrap.ts";
 * const quantiles = new BlockedQuantiles({
 *   values: Float64Array.of(1, 2, 30, 40),
 *   block: Uint32Array.of(0, 0, 1, 1),
 *   blocks: 2,
 * });
 * const [once, twice] = [[1, 1], [0, 2]].map((weights) => quantiles.at([0.5], weights)[0]);
 * if (once !== 2 || twice !== 30) throw new Error("the second block alone has 30 and 40");
 * ```
 */
export class BlockedQuantiles {
  readonly #blocks: number;
  /** Last value of each bin, ascending. */
  readonly #ends: Float64Array;
  /** By bin, then block: how many values there are up to the bin's end. */
  readonly #upTo: Uint32Array;
  readonly #perBlock: Float64Array;

  /** @throws LoaderError `usage` when a value is NaN or a block is none */
  constructor({ values, block, blocks, counts }: BlockedValues) {
    if (values.some(Number.isNaN)) {
      throw new LoaderError("usage", "An observation is not a number; leave it out.");
    }
    if (block.some((one) => one >= blocks)) {
      throw new LoaderError("usage", `An observation is of none of the ${blocks} blocks.`);
    }
    const order = Uint32Array.from(values.keys()).sort((a, b) =>
      values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0
    );
    const bins = counts === undefined ? Math.min(MOST_BINS, values.length) : countDistinct(values);
    this.#blocks = blocks;
    this.#ends = new Float64Array(bins);
    this.#upTo = new Uint32Array(bins * blocks);
    this.#perBlock = new Float64Array(blocks);
    let bin = 0;
    for (let rank = 0; rank < order.length; rank++) {
      const i = order[rank];
      if (counts === undefined) bin = Math.floor(rank * bins / order.length);
      else if (rank > 0 && values[i] !== values[order[rank - 1]]) bin++;
      const count = counts === undefined ? 1 : counts[i];
      this.#ends[bin] = values[i];
      this.#upTo[bin * blocks + block[i]] += count;
      this.#perBlock[block[i]] += count;
    }
    for (let i = blocks; i < this.#upTo.length; i++) this.#upTo[i] += this.#upTo[i - blocks];
  }

  /**
   * The quantiles by nearest rank, where each block counts as often as its weight says.
   *
   * @param quantiles in [0, 1]
   * @returns NaN where the weights leave no observation
   */
  at(quantiles: readonly number[], weights: ArrayLike<number>): number[] {
    let total = 0;
    for (let block = 0; block < this.#blocks; block++) {
      total += weights[block] * this.#perBlock[block];
    }
    return quantiles.map((q) => {
      if (total === 0) return NaN;
      // A product such as 0.07 × 100 is a hair above the whole number that it stands for.
      const rank = Math.max(1, q * total * (1 - 1e-12));
      let low = 0;
      let high = this.#ends.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#weightUpTo(middle, weights) >= rank) high = middle;
        else low = middle + 1;
      }
      return this.#ends[low];
    });
  }

  #weightUpTo(bin: number, weights: ArrayLike<number>): number {
    const first = bin * this.#blocks;
    let weight = 0;
    for (let block = 0; block < this.#blocks; block++) {
      weight += weights[block] * this.#upTo[first + block];
    }
    return weight;
  }
}

/** How often each of so many blocks comes up when as many are drawn with replacement. */
export function drawBlockWeights(rng: Rng, blocks: number, weights: Uint32Array): void {
  weights.fill(0);
  for (let i = 0; i < blocks; i++) weights[rng.nextBelow(blocks)]++;
}

/** Estimates of several figures, and what they came to when the blocks were drawn again. */
export interface Replicates {
  /** By figure. */
  readonly estimates: readonly number[];
  /** By figure, then draw. */
  readonly draws: readonly Float64Array[];
}

/** An interval for a figure, alone and together with the others. */
export interface BootstrapInterval {
  readonly estimate: number;
  /** Covers the figure with the confidence asked for. */
  readonly low: number;
  readonly high: number;
  /** Covers it where all figures are to be covered at once. */
  readonly jointLow: number;
  readonly jointHigh: number;
}

/**
 * Intervals about estimates of several figures from the same draws: estimate ± a
 * multiple of the draws' standard deviation, the multiple that holds the asked part of
 * the draws; for all figures at once, of the largest deviation over them (Romano and
 * Wolf, "Exact and approximate stepdown methods for multiple hypothesis testing", 2005).
 * With n blocks the deviations are widened by √(n / (n − 1)), as draws from few spread too
 * little. A figure with an estimate or a draw that is not finite has no bounds (NaN).
 *
 * @param confidence in (0, 1), for each, and for all of them together
 * @param blocks from 2
 */
export function deriveJointIntervals(
  { estimates, draws }: Replicates,
  confidence: number,
  blocks: number,
): BootstrapInterval[] {
  const widening = Math.sqrt(blocks / (blocks - 1));
  const spread = draws.map(standardDeviation);
  const deviations = draws.map((values, i) =>
    values.map((value) => spread[i] > 0 ? Math.abs(value - estimates[i]) / spread[i] : 0)
  );
  const joint = quantile(largestOf(deviations).sort(), confidence) ?? 0;
  return estimates.map((estimate, i) => {
    const single = quantile(deviations[i].toSorted(), confidence) ?? 0;
    const reach = widening * single * spread[i];
    const jointReach = widening * Math.max(single, joint) * spread[i];
    return {
      estimate,
      low: estimate - reach,
      high: estimate + reach,
      jointLow: estimate - jointReach,
      jointHigh: estimate + jointReach,
    };
  });
}

/** By draw, the largest deviation of any figure. */
function largestOf(deviations: readonly Float64Array[]): Float64Array {
  const largest = new Float64Array(deviations[0]?.length ?? 0);
  for (const values of deviations) {
    for (const [draw, deviation] of values.entries()) {
      if (deviation > largest[draw]) largest[draw] = deviation;
    }
  }
  return largest;
}

/** NaN where a value is not finite. */
function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

function countDistinct(values: Float64Array): number {
  return new Set(values).size;
}
