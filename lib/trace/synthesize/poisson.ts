import type { Rng } from "../../base/rng.ts";
import { logGamma } from "../../stats/gamma_function.ts";

/** From this mean on, rejection takes less time than going through the probabilities. */
const REJECTION_FROM = 10;
/** Below this, log k! is looked up. */
const TABULATED = 1024;
const LOG_FACTORIAL = Float64Array.from({ length: TABULATED }, (_, k) => logGamma(k + 1));

/**
 * Poisson, in time that does not depend on the mean: inversion for small ones,
 * else the transformed rejection PTRS of Hörmann, "The Transformed Rejection
 * Method for Generating Poisson Random Variables", Insurance: Mathematics and
 * Economics 12 (1), 1993.
 *
 * @example
 * ```ts
 * import { Rng } from "../../base/rng.ts";
 * import { generateCount } from "./poisson.ts";
 * const rng = Rng.fromSeed(42, "counts");
 * if (Math.abs(generateCount(rng, 1e6) - 1e6) > 6e3) throw new Error("6 standard deviations");
 * ```
 */
export function generateCount(rng: Rng, mean: number): number {
  if (mean < REJECTION_FROM) return mean > 0 ? invert(rng.nextFloat(), mean) : 0;
  const root = Math.sqrt(mean);
  const logMean = Math.log(mean);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = rng.nextFloat() - 0.5;
    const v = rng.nextFloat();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const bound = Math.log(v * inverseAlpha / (a / (us * us) + b));
    if (bound <= k * logMean - mean - logFactorial(k)) return k;
  }
}

function invert(quantile: number, mean: number): number {
  let probability = Math.exp(-mean);
  let count = 0;
  while (quantile >= probability && probability > 0) {
    quantile -= probability;
    count++;
    probability *= mean / count;
  }
  return count;
}

function logFactorial(k: number): number {
  return k < TABULATED ? LOG_FACTORIAL[k] : logGamma(k + 1);
}
