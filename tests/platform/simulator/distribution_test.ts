import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import {
  drawFrom,
  formatDistribution,
  meanOf,
  parseDistribution,
} from "../../../lib/platform/simulator/distribution.ts";

const TEXTS = {
  "200": 200,
  "1.5s": 1500,
  "exponential(2min)": 120_000,
  "log-normal(100ms, 0.5)": 100 * Math.exp(0.125),
  "quantiles(0: 100ms, 0.5: 200ms, 1: 1s)": 375,
};

for (const [text, mean] of Object.entries(TEXTS)) {
  Deno.test(`distribution ${text}: its mean, and draws that have it`, () => {
    const distribution = parseDistribution(text);
    assert.ok(Math.abs(meanOf(distribution) - mean) < 1e-9 * mean);
    assert.deepEqual(parseDistribution(formatDistribution(distribution)), distribution);
    const rng = Rng.fromSeed(1, text);
    const draws = Array.from({ length: 100_000 }, () => drawFrom(distribution, rng));
    const average = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const deviation = Math.sqrt(
      draws.reduce((sum, draw) => sum + (draw - average) ** 2, 0) / draws.length,
    );
    // Four standard errors: one seed in 16,000 would fail.
    assert.ok(Math.abs(average - mean) <= 4 * deviation / Math.sqrt(draws.length) + 1e-9);
    assert.ok(draws.every((draw) => draw >= 0));
  });
}

Deno.test("distribution: the quantiles of a log-normal one are where they belong", () => {
  const distribution = parseDistribution("log-normal(100, 0.5)");
  const rng = Rng.fromSeed(2, "log-normal");
  const draws = Array.from({ length: 100_000 }, () => drawFrom(distribution, rng));
  const below = (limit: number) => draws.filter((draw) => draw < limit).length / draws.length;
  // Of the normal distribution: 50 %, and 84.13 % below one standard deviation.
  assert.ok(Math.abs(below(100) - 0.5) < 0.007);
  assert.ok(Math.abs(below(100 * Math.exp(0.5)) - 0.8413) < 0.005);
});

for (
  const text of [
    "",
    "fast",
    "-5",
    "uniform(1, 2)",
    "exponential()",
    "exponential(1, 2)",
    "log-normal(100)",
    "quantiles(0: 1)",
    "quantiles(0.1: 1, 1: 2)",
    "quantiles(0: 2, 1: 1)",
    "quantiles(0: 1, 0.5: 2, 0.5: 3, 1: 4)",
    "1e400",
  ]
) {
  Deno.test(`distribution, mistake: ${JSON.stringify(text)} is quoted`, () => {
    assert.throws(
      () => parseDistribution(text),
      (error: Error) => error.message.startsWith(JSON.stringify(text)),
    );
  });
}
