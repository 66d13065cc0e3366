import { upperGammaRatio } from "../../stats/gamma_function.ts";

/** Most slots of a block, and fewest: less would leave nothing to judge by. */
const MOST_SLOTS = 60;
const FEWEST_SLOTS = 6;

const HOUR_MS = 3_600_000;

/**
 * Slots of a block, over which the rate is taken for constant or for changing evenly: an
 * hour of minutes, a minute of seconds. Longer ones would take the course of the day
 * for burstiness.
 *
 * @example
 * ```ts
 * import { blockSlotsOf } from "./poisson_agreement.ts";
 * if (blockSlotsOf(300_000) !== 12) throw new Error("an hour of five minutes");
 * ```
 */
export function blockSlotsOf(slotMs: number): number {
  return Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, Math.round(HOUR_MS / slotMs)));
}

/**
 * A Poisson process must be expected to put so many pairs of invocations into
 * one slot for its counts to be told from others: with fewer, none at all is
 * nothing unusual (e⁻⁵ = 0.7 %).
 */
export const LEAST_EXPECTED_PAIRS = 5;

/** Level of the test, both sides together. */
export const LEVEL = 0.05;

/** What the counts of a function are, beside those of a Poisson process. */
export type PoissonVerdict = "consistent" | "regular" | "bursty" | "unjudged";

/**
 * Pearson's chi-square of counts against an even spread over their block, less what an
 * even slope explains, summed over blocks, with its first three cumulants for a Poisson
 * process. Given its number of invocations, such a process spreads them over a block's
 * slots like balls over urns, whatever the rate; so the rate may differ from block to block.
 * Without the slope, each function of a thousand invocations a minute would be taken for
 * bursty, because its rate has changed by a few percent at the end of an hour.
 *
 * @example
 * ```ts
 * import { BlockStatistic } from "./poisson_agreement.ts";
 * const counts = new BlockStatistic();
 * for (let hour = 0; hour < 24; hour++) counts.add(60, 60, 60, 60 * 59 / 2);
 * if (counts.judge() !== "regular" || counts.dispersion !== 0) throw new Error("one each minute");
 * ```
 */
export class BlockStatistic {
  #statistic = 0;
  #freedom = 0;
  #variance = 0;
  #thirdCumulant = 0;
  #expectedPairs = 0;

  /**
   * Adds a block.
   *
   * @param slots of the block
   * @param total invocations in it
   * @param sumOfSquares of the counts of its slots
   * @param sumOfPlaces of its invocations, each in a slot of the block, from 0
   */
  add(slots: number, total: number, sumOfSquares: number, sumOfPlaces: number): void {
    // One invocation, or two slots, lie on a line whatever the process.
    if (total < 2 || slots < 3) return;
    const freedom = slots - 2;
    const tilt = sumOfPlaces - total * (slots - 1) / 2;
    // The squared distances of slots from their middle add up to slots·(slots² − 1) / 12.
    const slope = 12 * tilt * tilt / (total * (slots * slots - 1));
    this.#statistic += slots / total * sumOfSquares - total - slope;
    this.#freedom += freedom;
    // Haldane, "The exact value of the moments of the distribution of χ²", Biometrika 29, 1937,
    // for equal probabilities; the slope takes one degree of freedom.
    this.#variance += 2 * freedom * (1 - 1 / total);
    this.#thirdCumulant += 4 * freedom * (total - 1) * (slots + 2 * total - 6) / (total * total);
    this.#expectedPairs += total * (total - 1) / (2 * slots);
  }

  /**
   * Index of dispersion within blocks: variance ÷ mean of the counts. 1 for a
   * Poisson process, 0 for equal counts, above 1 for bursts; `null` where no
   * block has two invocations.
   */
  get dispersion(): number | null {
    return this.#freedom === 0 ? null : this.#statistic / this.#freedom;
  }

  /** True if a Poisson process could be told from others. */
  get isJudged(): boolean {
    return this.#expectedPairs >= LEAST_EXPECTED_PAIRS;
  }

  /** The probability that a Poisson process is at least as bursty. */
  get burstyPValue(): number {
    return upperTail(
      this.#statistic - this.#freedom,
      this.#variance,
      this.#thirdCumulant,
    );
  }

  /** Judges at {@linkcode LEVEL}. */
  judge(): PoissonVerdict {
    if (!this.isJudged) return "unjudged";
    const pValue = this.burstyPValue;
    if (pValue < LEVEL / 2) return "bursty";
    return pValue > 1 - LEVEL / 2 ? "regular" : "consistent";
  }
}

/**
 * The upper tail of a distribution known by its cumulants: a gamma distribution
 * moved to their place (Pearson's type III), which is the chi-square distribution
 * where the expected counts are large, and skewed as it must be where they are small.
 */
function upperTail(distance: number, variance: number, thirdCumulant: number): number {
  const skewness = thirdCumulant / variance ** 1.5;
  const shape = 4 / (skewness * skewness);
  const place = shape + distance / Math.sqrt(variance) * Math.sqrt(shape);
  return upperGammaRatio(shape, Math.max(0, place));
}

/** Where 95 % of Poisson processes of one rate have their index of dispersion. */
export interface DispersionBand {
  /** Invocations a slot. */
  readonly ratePerSlot: number;
  readonly low: number;
  readonly high: number;
}

/** Normal quantile of 97.5 %. */
const Z = 1.959963984540054;

/**
 * The index of dispersion that Poisson processes of given rates would have over
 * so many slots, for the eye; functions are judged one by one.
 *
 * @param longestBlock slots of a block
 */
export function dispersionBand(
  ratesPerSlot: readonly number[],
  slots: number,
  longestBlock: number,
): DispersionBand[] {
  const blockSlots = Math.max(3, Math.min(longestBlock, slots));
  const blocks = Math.max(1, slots / blockSlots);
  const freedom = blockSlots - 2;
  return ratesPerSlot.map((ratePerSlot) => {
    const { used, variance } = expectBlock(ratePerSlot * blockSlots, freedom);
    const deviation = Math.sqrt(variance * blocks) / (used * blocks * freedom);
    return {
      ratePerSlot,
      low: Math.max(0, 1 - Z * deviation),
      high: 1 + Z * deviation,
    };
  });
}

/** Of a block with a Poisson number of invocations: the chance of two or more, and the variance. */
function expectBlock(mean: number, freedom: number): { used: number; variance: number } {
  if (mean > 500) return { used: 1, variance: 2 * freedom * (1 - 1 / mean) };
  let probability = Math.exp(-mean) * mean;
  let used = 0;
  let variance = 0;
  for (let total = 2; total < 30 + 3 * mean; total++) {
    probability *= mean / total;
    used += probability;
    variance += probability * 2 * freedom * (1 - 1 / total);
  }
  return { used, variance };
}
