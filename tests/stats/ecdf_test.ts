import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { Ecdf } from "../../lib/stats/ecdf.ts";

Deno.test("Ecdf has one step per distinct value", () => {
  const ecdf = new Ecdf([5, 1, 5, 2, 5, 2, 9, 1]);
  assert.deepEqual([...ecdf.values], [1, 2, 5, 9]);
  assert.deepEqual([...ecdf.probabilities], [0.25, 0.5, 0.875, 1]);
});

Deno.test("Ecdf refuses an empty sample and NaN", () => {
  assert.throws(() => new Ecdf([]), LoaderError);
  assert.throws(() => new Ecdf([1, NaN, 2]), LoaderError);
});

Deno.test("Ecdf tells the part of the sample that is at most x", () => {
  const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, fc.double({ min: -5, max: 25, noNaN: true }), (sample, x) => {
      const ecdf = new Ecdf(sample);
      for (const at of [x, sample[0]]) {
        assert.equal(ecdf.at(at), sample.filter((value) => value <= at).length / sample.length);
      }
    }),
    { seed: 42 },
  );
});
