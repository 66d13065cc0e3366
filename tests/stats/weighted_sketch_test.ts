import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import { WeightedSketch } from "../../lib/stats/weighted_sketch.ts";

Deno.test("quantiles are within a percent of the values that they stand for", () => {
  const rng = Rng.fromSeed(7, "sketch");
  const sketch = new WeightedSketch();
  const values: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    const value = 10 ** (rng.nextFloat() * 8 - 3);
    const weight = 1 + rng.nextBelow(3);
    sketch.add(value, weight);
    for (let copy = 0; copy < weight; copy++) values.push(value);
  }
  values.sort((a, b) => a - b);
  const shares = [0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999];
  for (const [i, value] of sketch.quantiles(shares).entries()) {
    const exact = values[Math.ceil(shares[i] * values.length) - 1];
    assert.ok(Math.abs(value / exact - 1) <= 0.01, `${shares[i]}: ${value} for ${exact}`);
  }
  assert.equal(sketch.weight, values.length);
  assert.equal(sketch.quantile(0), values[0]);
  assert.equal(sketch.quantile(1), values.at(-1));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(sketch.mean / mean - 1) < 1e-9);
});

Deno.test("values that repeat are exact, so is 0; nothing is not a number", () => {
  const sketch = new WeightedSketch();
  assert.ok(Number.isNaN(sketch.quantile(0.5)) && Number.isNaN(sketch.mean));
  sketch.add(0, 2);
  sketch.add(12.345, 6);
  sketch.add(99, 0);
  assert.deepEqual(sketch.quantiles([0, 0.25, 0.26, 1]), [0, 0, 12.345, 12.345]);
  assert.equal(sketch.weight, 8);
  const small = new WeightedSketch();
  small.add(5, 1);
  small.add(0, 0.5);
  assert.deepEqual(small.quantiles([0, 0.3, 0.4, 1]), [0, 0, 5, 5]);
});
