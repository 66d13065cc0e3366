import assert from "node:assert/strict";
import fc from "fast-check";
import { QuantileFunction } from "../../../lib/stats/quantization.ts";
import { leastDistanceWithLoad, smallestLoadError } from "../../../lib/trace/sample/load_bound.ts";

/** Every choice of some of the values. */
function* choices(values: readonly number[], size: number): Generator<number[]> {
  if (size === 0) yield [];
  else if (values.length >= size) {
    const [first, ...rest] = values;
    for (const choice of choices(rest, size - 1)) yield [first, ...choice];
    yield* choices(rest, size);
  }
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

const heavyTailed = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 9 })
  .map((exponents) => exponents.map((exponent) => Math.round(10 ** (exponent / 8))));

Deno.test("no choice of functions has a smaller error of load than the bound", () => {
  fc.assert(
    fc.property(heavyTailed, fc.integer({ min: 1, max: 3 }), (loads, size) => {
      const wanted = sumOf(loads) * size / loads.length;
      const bound = smallestLoadError(Float64Array.from(loads), size);
      for (const choice of choices(loads, size)) {
        assert.ok(Math.abs(sumOf(choice) / wanted - 1) >= bound - 1e-9);
      }
    }),
    { seed: 42 },
  );
});

Deno.test("no choice with the load asked for is nearer than the bound", () => {
  let bounded = 0;
  fc.assert(
    fc.property(heavyTailed, fc.integer({ min: 1, max: 3 }), (values, size) => {
      const logs = values.map(Math.log10);
      const figure = new QuantileFunction(logs);
      const wanted = sumOf(values) * size / values.length;
      const bound = leastDistanceWithLoad(figure, size, 0.3);
      if (bound > figure.leastDistance(size) && bound < Infinity) bounded++;
      for (const choice of choices(values, size)) {
        if (Math.abs(sumOf(choice) / wanted - 1) > 0.3) continue;
        assert.ok(figure.distanceTo(choice.map(Math.log10)) >= bound - 1e-9);
      }
    }),
    { seed: 42, numRuns: 300 },
  );
  assert.ok(bounded > 10, `the bound said something ${bounded} times`);
});
