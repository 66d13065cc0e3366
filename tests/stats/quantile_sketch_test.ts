import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedQuantiles } from "../../lib/stats/block_bootstrap.ts";
import { BlockedSketch } from "../../lib/stats/blocked_sketch.ts";
import { rankedQuantile } from "../../lib/stats/quantile.ts";
import { QuantileSketch, SKETCH_ERROR } from "../../lib/stats/quantile_sketch.ts";

/** Times and slowdowns as they are: from nothing to hours, many of them alike. */
const value = fc.oneof(
  fc.constantFrom(0, 1, 1.5, 20, 1e-6),
  fc.double({ min: 1e-3, max: 1e7, noNaN: true }),
  fc.integer({ min: 1, max: 5000 }).map((n) => n / 1000),
);
const values = fc.array(value, { minLength: 1, maxLength: 400 });
const quantile = fc.double({ min: 0, max: 1, noNaN: true });

function assertNear(found: number | null, expected: number | null): void {
  if (expected === null || expected === Infinity) return assert.equal(found, expected);
  const bound = expected * SKETCH_ERROR + 2 ** -20;
  assert.ok(Math.abs(found! - expected) <= bound * (1 + 1e-12), `${found} for ${expected}`);
}

Deno.test("a sketch is exact up to its bound of values, and within its error beyond", () => {
  fc.assert(
    fc.property(
      values,
      fc.nat({ max: 50 }),
      quantile,
      fc.nat({ max: 500 }),
      (all, bad, q, room) => {
        const sketch = new QuantileSketch(room);
        for (const one of all) sketch.add(one);
        const expected = rankedQuantile(Float64Array.from(all).sort(), bad, q);
        assert.equal(sketch.count, all.length);
        assert.equal(sketch.isExact, all.length <= room);
        if (sketch.isExact) assert.equal(sketch.ranked(bad, q), expected);
        else assertNear(sketch.ranked(bad, q), expected);
      },
    ),
    { seed: 71, numRuns: 3000 },
  );
});

Deno.test("sketches put together are those of all values", () => {
  fc.assert(
    fc.property(values, values, fc.nat({ max: 600 }), quantile, (one, other, room, q) => {
      const [first, second, whole] = [0, 1, 2].map(() => new QuantileSketch(room));
      for (const value of one) first.add(value);
      for (const value of other) second.add(value);
      for (const value of [...one, ...other]) whole.add(value);
      first.addAll(second);
      assert.equal(first.count, whole.count);
      const expected = rankedQuantile(Float64Array.from([...one, ...other]).sort(), 0, q);
      assertNear(first.ranked(0, q), expected);
    }),
    { seed: 72, numRuns: 2000 },
  );
});

Deno.test("blocked values in bins have the quantiles of the values, for any weights", () => {
  const blocked = fc.array(fc.tuple(fc.oneof(value, fc.constant(Infinity)), fc.nat({ max: 3 })), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(blocked, fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }), quantile, (
      all,
      weights,
      q,
    ) => {
      const [exact, binned] = [1000, 0].map((room) => new BlockedSketch(4, room));
      for (const [one, block] of all) {
        exact.add(one, block);
        binned.add(one, block);
      }
      assert.deepEqual([exact.count, binned.count], [all.length, all.length]);
      const [expected, found] = [exact, binned].map((sketch) =>
        new BlockedQuantiles(sketch.build()).at([q], weights)[0]
      );
      if (Number.isNaN(expected)) assert.ok(Number.isNaN(found));
      else assertNear(found, expected);
    }),
    { seed: 73, numRuns: 2000 },
  );
});
