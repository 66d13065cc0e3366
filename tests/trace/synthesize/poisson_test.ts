import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { logGamma } from "../../../lib/stats/gamma_function.ts";
import { chiSquareTest } from "../../../lib/stats/goodness_of_fit.ts";
import { generateCount } from "../../../lib/trace/synthesize/poisson.ts";

const DRAWS = 50_000;

Deno.test("generateCount fits the Poisson distribution on both sides of its change of method", () => {
  for (const mean of [0.05, 0.7, 4, 9.99, 10, 11, 40, 300, 5000]) {
    const rng = Rng.fromSeed(42, `poisson ${mean}`);
    const probabilityOf = (k: number) => Math.exp(k * Math.log(mean) - mean - logGamma(k + 1));
    const low = Math.max(0, Math.floor(mean - 5 * Math.sqrt(mean)));
    const high = Math.ceil(mean + 5 * Math.sqrt(mean)) + 3;
    const width = Math.max(1, Math.floor((high - low) / 40));
    const observed: number[] = [];
    const expected: number[] = [];
    const classOf = (k: number) => Math.floor((Math.min(high, Math.max(low, k)) - low) / width);
    for (let k = low; k <= high; k++) {
      expected[classOf(k)] = (expected[classOf(k)] ?? 0) + DRAWS * probabilityOf(k);
      observed[classOf(k)] = 0;
    }
    for (let i = 0; i < DRAWS; i++) observed[classOf(generateCount(rng, mean))]++;
    // Classes of the tails are joined until each may be expected to have some.
    const [o, e] = joinSmall(observed, expected);
    const { pValue } = chiSquareTest(o, e);
    assert.ok(pValue > 0.001, `mean ${mean}: p = ${pValue}`);
  }
  assert.equal(generateCount(Rng.fromSeed(1, "none"), 0), 0);
});

function joinSmall(observed: number[], expected: number[]): [number[], number[]] {
  const o: number[] = [];
  const e: number[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (e.length > 0 && (expected[i] < 10 || e[e.length - 1] < 10)) {
      o[o.length - 1] += observed[i];
      e[e.length - 1] += expected[i];
    } else {
      o.push(observed[i]);
      e.push(expected[i]);
    }
  }
  return [o, e];
}
