import assert from "node:assert/strict";
import fc from "fast-check";
import { searchLargest } from "../../lib/preflight/largest_load.ts";

/** Sizes up to `threshold` fit. */
function search(threshold: number, asked: number, most: number, mostTrials: number) {
  return searchLargest({
    asked,
    most,
    mostTrials,
    attempt: (size) => {
      const fits = size <= threshold;
      return Promise.resolve({ size, fits, wasTried: true, reason: fits ? null : "too much" });
    },
  });
}

Deno.test("searchLargest: finds the boundary from any size that is asked for, in few trials", async () => {
  const sizes = fc.integer({ min: 1, max: 1_000_000 });
  await fc.assert(
    fc.asyncProperty(sizes, sizes, fc.nat(1_100_000), async (asked, most, threshold) => {
      const { size, next, trials } = await search(threshold, asked, most, 64);
      const largest = Math.min(threshold, most);
      assert.equal(size, largest === 0 ? null : largest);
      assert.equal(next?.size ?? null, threshold >= most ? null : threshold + 1);
      assert.equal(new Set(trials.map((trial) => trial.size)).size, trials.length);
      assert.ok(trials.length <= 2 + 2 * Math.log2(1_000_000));
    }),
    { seed: 5, numRuns: 300 },
  );
});

Deno.test("searchLargest: stops after so many trials, with what it knows", async () => {
  const { size, next, trials } = await search(1000, 100, 1_000_000, 5);
  assert.equal(trials.length, 5);
  assert.ok(size! <= 1000 && next!.size > 1000);
});

Deno.test("searchLargest: goes on towards what is too large to try", async () => {
  const attempt = (size: number) =>
    Promise.resolve({ size, fits: size <= 1000, wasTried: size <= 1000, reason: null });
  for (const asked of [100, 3000]) {
    const { size, next } = await searchLargest({ asked, most: 1_000_000, mostTrials: 64, attempt });
    assert.deepEqual([size, next!.size, next!.wasTried], [1000, 1001, false]);
  }
});

Deno.test("searchLargest: where even 1 is too large to try, nothing is known to fit", async () => {
  const attempt = (size: number) =>
    Promise.resolve({ size, fits: false, wasTried: false, reason: null });
  const { size, next } = await searchLargest({ asked: 9, most: 99, mostTrials: 64, attempt });
  assert.deepEqual([size, next!.size, next!.wasTried], [null, 1, false]);
});
