import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { wassersteinDistance } from "../../lib/stats/wasserstein.ts";
import { assertWithin } from "./closeness.ts";

Deno.test("wassersteinDistance is the work of moving one sample onto the other", () => {
  assert.equal(wassersteinDistance([3], [3]), 0);
  assert.equal(wassersteinDistance([0, 0], [0, 10]), 5);
  assert.equal(wassersteinDistance([1, 2, 3], [3, 1, 2]), 0);
  assert.equal(wassersteinDistance([0], [1, 2, 3, 4]), 2.5);
});

Deno.test("wassersteinDistance weighs values", () => {
  assert.equal(wassersteinDistance([0, 1], [0, 1], [3, 1], [1, 3]), 0.5);
  assert.equal(wassersteinDistance([0, 1], [0], [1, 0], null), 0);
  assert.equal(wassersteinDistance([2, 2, 5], [2, 5], null, [2, 1]), 0);
});

Deno.test("wassersteinDistance refuses what is no sample", () => {
  const wrong: [number[], number[], number[] | undefined][] = [
    [[], [1], undefined],
    [[1, 2], [1], [1]],
    [[1, 2], [1], [0, 0]],
    [[1, 2], [1], [1, -1]],
    [[1, NaN], [1], undefined],
    [[1, Infinity], [1], undefined],
  ];
  for (const [u, v, weights] of wrong) {
    assert.throws(() => wassersteinDistance(u, v, weights), LoaderError);
  }
});

const sample = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 40 });

Deno.test("wassersteinDistance of samples of one size is the mean gap of their ranks", () => {
  const pairs = fc.array(
    fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1000, max: 1000 })),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(pairs, (both) => {
      const u = both.map(([value]) => value).sort((a, b) => a - b);
      const v = both.map(([, value]) => value).sort((a, b) => a - b);
      const expected = u.reduce((sum, value, i) => sum + Math.abs(value - v[i]), 0) / u.length;
      assertWithin(wassersteinDistance(u, v), expected, 1e-9 * (1 + expected));
    }),
    { seed: 42 },
  );
});

Deno.test("wassersteinDistance is a metric", () => {
  fc.assert(
    fc.property(sample, sample, sample, (u, v, w) => {
      const distance = wassersteinDistance(u, v);
      assertWithin(wassersteinDistance(v, u), distance, 1e-9 * (1 + distance));
      assert.equal(wassersteinDistance(u, u), 0);
      assert.ok(distance <= wassersteinDistance(u, w) + wassersteinDistance(w, v) + 1e-9);
    }),
    { seed: 42 },
  );
});
