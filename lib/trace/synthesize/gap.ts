import type { Rng } from "../../base/rng.ts";
import { generateNormal } from "../distributions.ts";

/**
 * The coefficient of variation of gaps, or gaps in ascending order that they are
 * to be like, with the correlation of a gap's rank with the next one's.
 */
export type GapVariation =
  | { readonly cv: number }
  | { readonly like: Float32Array; readonly correlation: number };

/** Below this coefficient of variation gaps are taken as equal. */
const EQUAL_BELOW = 0.05;

/**
 * A gap with a mean of 1 and a given coefficient of variation: equal gaps at 0,
 * gamma below 1, exponential at 1, and above a mixture of two exponentials with
 * balanced means (Whitt, "Approximating a Point Process by a Renewal Process, I",
 * Operations Research 30 (1), 1982).
 *
 * @param cv standard deviation ÷ mean, not negative
 */
export function generateGap(rng: Rng, cv: number): number {
  if (cv < EQUAL_BELOW) return 1;
  if (cv < 1) return cv * cv * generateGamma(rng, 1 / (cv * cv));
  const excess = (cv * cv - 1) / (cv * cv + 1);
  const often = (1 + Math.sqrt(excess)) / 2;
  const rate = rng.nextFloat() < often ? 2 * often : 2 * (1 - often);
  return generateExponential(rng) / rate;
}

/** What is left, at any time, of the gap of {@linkcode generateGap} that the time is in. */
export function generateRestOfGap(rng: Rng, cv: number): number {
  if (cv < EQUAL_BELOW) return rng.nextFloat();
  if (cv < 1) {
    // A time finds a gap the more often the longer it is, and is anywhere in it.
    return rng.nextFloat() * cv * cv * generateGamma(rng, 1 / (cv * cv) + 1);
  }
  const excess = (cv * cv - 1) / (cv * cv + 1);
  const often = (1 + Math.sqrt(excess)) / 2;
  // Balanced means: gaps of both kinds take half of the time each.
  const rate = rng.nextFloat() < 0.5 ? 2 * often : 2 * (1 - often);
  return generateExponential(rng) / rate;
}

/** Exponential with a mean of 1. */
export function generateExponential(rng: Rng): number {
  return -Math.log(1 - rng.nextFloat());
}

/**
 * Gamma with a scale of 1 and a shape of at least 1: Marsaglia and Tsang, "A
 * Simple Method for Generating Gamma Variables", ACM Transactions on
 * Mathematical Software 26 (3), 2000.
 */
export function generateGamma(rng: Rng, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = generateNormal(rng);
    const v = (1 + c * z) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - rng.nextFloat()) < z * z / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
