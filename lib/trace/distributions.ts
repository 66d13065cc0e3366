import type { Rng } from "../base/rng.ts";

/** Longest mean that one multiplication chain of {@linkcode generatePoisson} carries. */
const MAX_POISSON_STEP = 500;

/** A number in (0, 1): never 0, of which no logarithm can be taken. */
function generateOpenFloat(rng: Rng): number {
  return rng.nextFloat() + 2 ** -33;
}

/** Uniform between two numbers. */
export function generateBetween(rng: Rng, [low, high]: readonly [number, number]): number {
  return low + (high - low) * rng.nextFloat();
}

/** Standard normal, by the polar form of Box and Muller (1958). */
export function generateNormal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(generateOpenFloat(rng)));
  return radius * Math.cos(2 * Math.PI * rng.nextFloat());
}

/** Log-normal: its logarithm has mean `logMean` and standard deviation `logSigma`. */
export function generateLogNormal(rng: Rng, logMean: number, logSigma: number): number {
  return Math.exp(logMean + logSigma * generateNormal(rng));
}

/**
 * Burr type XII with shapes `c` and `k` and scale `lambda`:
 * P(X ≤ x) = 1 − (1 + (x / lambda)^c)^(−k).
 */
export function generateBurrXii(rng: Rng, c: number, k: number, lambda: number): number {
  return lambda * (generateOpenFloat(rng) ** (-1 / k) - 1) ** (1 / c);
}

/** Poisson, by inversion; the time it takes grows with the mean. */
export function generatePoisson(rng: Rng, mean: number): number {
  let count = 0;
  // exp(−mean) must not underflow, and a sum of Poisson counts is one too.
  for (let left = mean; left > 0; left -= MAX_POISSON_STEP) {
    count += invertPoisson(rng.nextFloat(), Math.min(left, MAX_POISSON_STEP));
  }
  return count;
}

function invertPoisson(quantile: number, mean: number): number {
  let probability = Math.exp(-mean);
  let cumulative = probability;
  let count = 0;
  while (cumulative < quantile && probability > 0) {
    count++;
    probability *= mean / count;
    cumulative += probability;
  }
  return count;
}

/** Number of successes in so many trials of a given probability, trial by trial. */
export function generateBinomial(rng: Rng, trials: number, probability: number): number {
  let successes = 0;
  for (let i = 0; i < trials; i++) if (rng.nextFloat() < probability) successes++;
  return successes;
}

/** One of several items, with probability proportional to its weight. */
export function generateChoice<T>(
  rng: Rng,
  weighted: readonly (readonly [item: T, weight: number])[],
): T {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let left = rng.nextFloat() * total;
  for (const [item, weight] of weighted) {
    left -= weight;
    if (left < 0) return item;
  }
  return weighted[weighted.length - 1][0];
}

/** The value at a quantile of a function that is linear between given points (quantile, value). */
export function interpolate(
  points: readonly (readonly [quantile: number, value: number])[],
  quantile: number,
): number {
  const next = points.findIndex(([other]) => other >= quantile);
  if (next <= 0) return points[Math.max(next, 0)][1];
  const [fromQuantile, fromValue] = points[next - 1];
  const [toQuantile, toValue] = points[next];
  const share = (quantile - fromQuantile) / (toQuantile - fromQuantile);
  return fromValue + share * (toValue - fromValue);
}
