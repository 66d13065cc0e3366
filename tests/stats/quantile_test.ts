import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { quantile, rankedQuantile } from "../../lib/stats/quantile.ts";

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

Deno.test("quantile interpolates between the values", () => {
  assert.equal(quantile([10, 20, 30, 40, 50], 0), 10);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([10, 20, 30, 40, 50], 0.9), 46);
  assert.equal(quantile([10, 20, 30, 40, 50], 1), 50);
  assert.equal(quantile([7], 0.3), 7);
  assert.equal(quantile([], 0.5), null);
});

Deno.test("quantile of infinite values is infinite, not NaN", () => {
  assert.equal(quantile([1, Infinity, Infinity], 0.75), Infinity);
  assert.equal(quantile([1, Infinity, Infinity], 0.25), Infinity);
});

Deno.test("quantiles outside [0, 1] are refused", () => {
  for (const q of [-0.1, 1.1, 99, NaN]) {
    assert.throws(() => quantile([1], q), LoaderError);
    assert.throws(() => rankedQuantile([1], 0, q), LoaderError);
  }
});

Deno.test("rankedQuantile takes the nearest rank", () => {
  assert.equal(rankedQuantile(upTo(1000), 0, 0.99), 990);
  assert.equal(rankedQuantile(upTo(1001), 0, 0.99), 991);
  assert.equal(rankedQuantile(upTo(21), 0, 0.5), 11);
  assert.equal(rankedQuantile(upTo(300), 0, 0.07), 21);
});

Deno.test("rankedQuantile ranks what is not ok as infinite", () => {
  assert.equal(rankedQuantile(upTo(989), 11, 0.99), Infinity);
  assert.equal(rankedQuantile(upTo(990), 10, 0.99), 990);
  assert.equal(rankedQuantile(upTo(990), 10, 0.5), 500);
  assert.equal(rankedQuantile([], 1000, 0.5), Infinity);
});

Deno.test("rankedQuantile is unknown with fewer than 10 observations beyond it", () => {
  assert.equal(rankedQuantile(upTo(999), 0, 0.99), null);
  assert.equal(rankedQuantile(upTo(19), 0, 0.5), null);
  assert.equal(rankedQuantile(upTo(20), 0, 0.5), 10);
  assert.equal(rankedQuantile([], 0, 0.5), null);
  assert.equal(rankedQuantile(upTo(1000), 0, 1), null);
  assert.equal(rankedQuantile(upTo(1000), 0, 0.01), null);
  assert.equal(rankedQuantile(upTo(1100), 0, 0.01), 11);
});

Deno.test("rankedQuantile has the rank ⌈q·n⌉ for every percent", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 100 }),
      (okCount, infiniteCount, percent) => {
        const count = okCount + infiniteCount;
        // In whole numbers, so exact.
        const rank = Math.max(1, Math.floor((percent * count + 99) / 100));
        const beyond = percent >= 50 ? count - rank : rank - 1;
        const expected = beyond < 10 ? null : rank <= okCount ? rank : Infinity;
        assert.equal(rankedQuantile(upTo(okCount), infiniteCount, percent / 100), expected);
      },
    ),
    { seed: 42, numRuns: 500 },
  );
});
