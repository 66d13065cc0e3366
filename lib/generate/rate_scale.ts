import type { Rng } from "../base/rng.ts";

/**
 * Scales a count: the whole part of the factor multiplies, its fraction keeps
 * each of the `count` invocations with that probability (thinning), so that the
 * mean is `count × factor` and a Poisson process stays one.
 */
export function generateScaledCount(count: number, factor: number, rng: Rng): number {
  const whole = Math.floor(factor);
  const fraction = factor - whole;
  let scaled = count * whole;
  if (fraction > 0) {
    for (let i = 0; i < count; i++) if (rng.nextFloat() < fraction) scaled++;
  }
  return scaled;
}
