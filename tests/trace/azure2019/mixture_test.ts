import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { mixPercentiles, type WeightedValues } from "../../../lib/trace/azure2019/mixture.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT } from "../../../lib/trace/azure2019/percentile_table.ts";

/** Draws from a distribution as an invocation does: linear between percentiles. */
function draw(rng: Rng, quantiles: readonly number[], values: readonly number[]): number {
  const u = rng.nextFloat();
  const above = quantiles.findIndex((quantile) => quantile > u);
  if (above <= 0) return values[0];
  const rise = (u - quantiles[above - 1]) / (quantiles[above] - quantiles[above - 1]);
  return values[above - 1] + rise * (values[above] - values[above - 1]);
}

function generateValues(rng: Rng, length: number): number[] {
  const values = Array.from({ length }, () => rng.nextBelow(rng.nextBelow(2) === 0 ? 1000 : 5));
  return values.sort((a, b) => a - b);
}

for (const { quantiles } of [DURATION_LAYOUT, MEMORY_LAYOUT]) {
  Deno.test(`mixPercentiles: as drawn from one of several, quantiles from ${quantiles[0]}`, () => {
    const rng = Rng.fromSeed(3, "mixture");
    for (let round = 0; round < 12; round++) {
      const parts = Array.from({ length: 1 + rng.nextBelow(5) }, (): WeightedValues => ({
        values: generateValues(rng, quantiles.length),
        mean: rng.nextBelow(500),
        weight: rng.nextBelow(4),
      }));
      const mixed = mixPercentiles(quantiles, parts);
      const weights = parts.map(({ weight }) => weight);
      const total = weights.reduce((a, b) => a + b, 0);
      const probabilities = weights.map((weight) => total > 0 ? weight / total : 1 / parts.length);
      const draws = 40_000;
      const drawn: number[] = [];
      for (let i = 0; i < draws; i++) {
        let u = rng.nextFloat();
        const part = parts.find((_, i) => (u -= probabilities[i]) < 0) ?? parts[parts.length - 1];
        drawn.push(draw(rng, quantiles, part.values));
      }
      for (const [i, quantile] of quantiles.entries()) {
        const value = mixed.values[i];
        const [below, upTo] = [
          drawn.filter((x) => x < value - 1e-9).length / draws,
          drawn.filter((x) => x <= value + 1e-9).length / draws,
        ];
        // Five standard errors of a share.
        const error = 5 * Math.sqrt(quantile * (1 - quantile) / draws) + 1e-9;
        assert.ok(
          below <= quantile + error && upTo >= quantile - error,
          `${JSON.stringify(parts)}: ${quantile} → ${value}: ${below} to ${upTo}`,
        );
      }
      const mean = parts.reduce((sum, part, i) => sum + probabilities[i] * part.mean, 0);
      assert.ok(Math.abs(mixed.mean - mean) < 1e-9);
      assert.ok(mixed.values.every((value, i) => i === 0 || value >= mixed.values[i - 1]));
    }
  });
}

Deno.test("mixPercentiles: equal distributions are what they are", () => {
  const values = [1, 2, 2, 3, 10, 10, 50];
  const part = { values, mean: 4, weight: 7 };
  const mixed = mixPercentiles(DURATION_LAYOUT.quantiles, [part, part, { ...part, weight: 1 }]);
  for (const [i, value] of mixed.values.entries()) assert.ok(Math.abs(value - values[i]) < 1e-9);
});
