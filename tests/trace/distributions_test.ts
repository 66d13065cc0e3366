import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import {
  generateBurrXii,
  generateChoice,
  generateLogNormal,
  generateNormal,
  generatePoisson,
  interpolate,
} from "../../lib/trace/distributions.ts";

const DRAWS = 20_000;

/** Kolmogorov-Smirnov: the distance that a true fit exceeds with probability 0.001. */
const CRITICAL_DISTANCE = 1.95 / Math.sqrt(DRAWS);

function draw(name: string, generate: (rng: Rng) => number): number[] {
  const rng = Rng.fromSeed(42, name);
  return Array.from({ length: DRAWS }, () => generate(rng));
}

function assertFits(sample: readonly number[], cdf: (x: number) => number): void {
  const sorted = sample.toSorted((a, b) => a - b);
  let distance = 0;
  for (const [i, x] of sorted.entries()) {
    const p = cdf(x);
    distance = Math.max(distance, p - i / sorted.length, (i + 1) / sorted.length - p);
  }
  assert.ok(distance < CRITICAL_DISTANCE, `distance ${distance}`);
}

/** Standard normal distribution function, by integrating the density from 0. */
function normalCdf(z: number): number {
  const steps = 400;
  const h = z / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += Math.exp(-0.5 * ((i + 0.5) * h) ** 2);
  return 0.5 + sum * h / Math.sqrt(2 * Math.PI);
}

Deno.test("generateNormal fits the standard normal distribution", () => {
  assertFits(draw("normal", generateNormal), normalCdf);
});

Deno.test("generateLogNormal fits", () => {
  const sample = draw("log-normal", (rng) => generateLogNormal(rng, -0.38, 2.36));
  assertFits(sample, (x) => normalCdf((Math.log(x) + 0.38) / 2.36));
});

Deno.test("generateBurrXii fits", () => {
  const [c, k, lambda] = [11.652, 0.221, 107.083];
  const sample = draw("burr", (rng) => generateBurrXii(rng, c, k, lambda));
  assertFits(sample, (x) => 1 - (1 + (x / lambda) ** c) ** -k);
});

Deno.test("generatePoisson fits, small and large means", () => {
  for (const mean of [0.01, 0.7, 5, 120, 1700]) {
    const sample = draw(`poisson ${mean}`, (rng) => generatePoisson(rng, mean));
    const average = sample.reduce((sum, n) => sum + n, 0) / DRAWS;
    const variance = sample.reduce((sum, n) => sum + (n - average) ** 2, 0) / DRAWS;
    const standardError = Math.sqrt(mean / DRAWS);
    assert.ok(Math.abs(average - mean) < 4 * standardError, `mean ${average}`);
    // Variance of the sample variance of a Poisson distribution: (mean + 2 mean²) / n.
    const varianceError = Math.sqrt((mean + 2 * mean ** 2) / DRAWS);
    assert.ok(Math.abs(variance - mean) < 4 * varianceError, `variance ${variance}`);
    assert.ok(sample.every((n) => Number.isInteger(n) && n >= 0));
  }
  assert.equal(generatePoisson(Rng.fromSeed(1, "zero"), 0), 0);
});

Deno.test("generateChoice follows the weights", () => {
  const rng = Rng.fromSeed(42, "choice");
  const counts = new Map<string, number>();
  for (let i = 0; i < DRAWS; i++) {
    const item = generateChoice(rng, [["a", 1], ["b", 3], ["never", 0]]);
    counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  assert.equal(counts.get("never"), undefined);
  const share = (counts.get("b") ?? 0) / DRAWS;
  assert.ok(Math.abs(share - 0.75) < 0.015, `share ${share}`);
});

Deno.test("interpolate: at, between and outside the points", () => {
  const points = [[0.2, 10], [0.4, 20], [1, 50]] as const;
  const cases = [[0, 10], [0.2, 10], [0.3, 15], [0.4, 20], [0.7, 35], [1, 50]];
  for (const [quantile, expected] of cases) {
    assert.ok(Math.abs(interpolate(points, quantile) - expected) < 1e-12, `at ${quantile}`);
  }
});
