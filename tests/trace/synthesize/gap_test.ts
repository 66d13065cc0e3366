import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { upperGammaRatio } from "../../../lib/stats/gamma_function.ts";
import { kolmogorovSmirnovTest } from "../../../lib/stats/goodness_of_fit.ts";
import { generateGap, generateRestOfGap } from "../../../lib/trace/synthesize/gap.ts";

const DRAWS = 20_000;

function draw(cv: number, generate: (rng: Rng, cv: number) => number): number[] {
  const rng = Rng.fromSeed(42, `gap ${cv}`);
  return Array.from({ length: DRAWS }, () => generate(rng, cv));
}

/** 1 − P(gap > x). */
function cdfOf(cv: number): (x: number) => number {
  if (cv < 1) return (x) => 1 - upperGammaRatio(1 / cv ** 2, x / cv ** 2);
  const p = (1 + Math.sqrt((cv ** 2 - 1) / (cv ** 2 + 1))) / 2;
  return (x) => 1 - p * Math.exp(-2 * p * x) - (1 - p) * Math.exp(-2 * (1 - p) * x);
}

Deno.test("generateGap has a mean of 1, the variability asked for, and its distribution", () => {
  for (const cv of [0.1, 0.4, 0.9, 1, 1.5, 3, 8]) {
    const gaps = draw(cv, generateGap);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / DRAWS;
    assert.ok(Math.abs(mean - 1) < 4 * cv / Math.sqrt(DRAWS), `cv ${cv}: mean ${mean}`);
    const { pValue } = kolmogorovSmirnovTest(gaps, cdfOf(cv));
    assert.ok(pValue > 0.001, `cv ${cv}: p = ${pValue}`);
  }
  assert.deepEqual(new Set(draw(0, generateGap)), new Set([1]));
});

Deno.test("generateRestOfGap is what a time that comes by finds", () => {
  for (const cv of [0.4, 1, 3]) {
    const cdf = cdfOf(cv);
    // The density of the rest is 1 − cdf; its integral by trapezes, far enough.
    const step = 0.002;
    const steps = Math.ceil(120 / step);
    const integral = new Float64Array(steps + 1);
    for (let i = 1; i <= steps; i++) {
      const middle = 1 - cdf((i - 0.5) * step);
      integral[i] = integral[i - 1] + step * middle;
    }
    const rests = draw(cv, generateRestOfGap);
    const { pValue } = kolmogorovSmirnovTest(
      rests,
      (x) => integral[Math.min(steps, Math.round(x / step))],
    );
    assert.ok(pValue > 0.001, `cv ${cv}: p = ${pValue}`);
  }
  const { pValue } = kolmogorovSmirnovTest(draw(0, generateRestOfGap), (x) => x);
  assert.ok(pValue > 0.001);
});
