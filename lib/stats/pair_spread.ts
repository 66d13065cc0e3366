import { Rng } from "../base/rng.ts";
import { quantile } from "./quantile.ts";

/** By how much two of some values differ, as a factor of at least 1. */
export interface PairSpread {
  readonly factor: number;
  /** Of 95 %. */
  readonly low: number;
  readonly high: number;
}

const REPLICATES = 1000;
const INTERVAL = [0.025, 0.975] as const;

/**
 * The factor by which two of the values differ, as the geometric mean over all pairs: Gini's
 * mean difference of their logarithms. Its interval is that of the bootstrap over the values
 * (Efron, 1979); a value that is drawn twice makes no pair with itself, which would tell of
 * values nearer to one another than they are.
 *
 * @param values finite and positive
 * @returns `null` with fewer than 3 values
 *
 * @example
 * ```ts
 * import { derivePairSpread } from "./pair_spread.ts";
 * const { factor } = derivePairSpread([1, 2, 4], 42)!;
 * // By 2, 2 and 4.
 * if (Math.abs(factor - 16 ** (1 / 3)) > 1e-12) throw new Error(String(factor));
 * ```
 */
export function derivePairSpread(values: readonly number[], seed: number): PairSpread | null {
  if (values.length < 3) return null;
  const logs = values.map(Math.log);
  const rng = Rng.fromSeed(seed, "pair spread");
  const times = new Uint32Array(logs.length);
  const replicates: number[] = [];
  for (let i = 0; i < REPLICATES; i++) {
    times.fill(0);
    for (let draw = 0; draw < logs.length; draw++) times[rng.nextBelow(logs.length)]++;
    const difference = meanDifference(logs, times);
    // All draws were of one value.
    if (!Number.isNaN(difference)) replicates.push(difference);
  }
  const sorted = Float64Array.from(replicates).sort();
  const [low, high] = INTERVAL.map((q) => quantile(sorted, q) ?? NaN);
  const difference = meanDifference(logs, times.fill(1));
  return {
    factor: Math.exp(difference),
    low: Math.exp(Math.min(low, difference)),
    high: Math.exp(Math.max(high, difference)),
  };
}

/** Mean of the differences of all pairs of distinct values, each value so many times. */
function meanDifference(values: readonly number[], times: Uint32Array): number {
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < i; j++) {
      const weight = times[i] * times[j];
      sum += weight * Math.abs(values[i] - values[j]);
      pairs += weight;
    }
  }
  return sum / pairs;
}
