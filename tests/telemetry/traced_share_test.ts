import assert from "node:assert/strict";
import { TracedShare } from "../../lib/telemetry/traced_share.ts";

const INDICES = Array.from({ length: 20_000 }, (_, index) => index);

function choose(seed: number, share: number): number[] {
  const traced = new TracedShare(seed, share);
  return INDICES.filter((index) => traced.has(index));
}

Deno.test("the same seed chooses the same invocations, in whatever order they are asked for", () => {
  const chosen = choose(42, 0.05);
  const backwards = new TracedShare(42, 0.05);
  assert.deepEqual(INDICES.toReversed().filter((i) => backwards.has(i)).toReversed(), chosen);
  assert.notDeepEqual(choose(43, 0.05), chosen);
});

Deno.test("the share is what was asked for, and a smaller one lies within a larger one", () => {
  for (const share of [0.001, 0.01, 0.3]) {
    const expected = share * INDICES.length;
    const deviation = Math.sqrt(expected * (1 - share));
    assert.ok(Math.abs(choose(7, share).length - expected) < 4 * deviation, String(share));
  }
  assert.equal(choose(7, 0).length, 0);
  assert.equal(choose(7, 1).length, INDICES.length);
  const larger = new Set(choose(7, 0.3));
  assert.ok(choose(7, 0.01).every((index) => larger.has(index)));
});

Deno.test("what is chosen has no rhythm: neighbours are chosen as often as chance has it", () => {
  const chosen = choose(3, 0.1);
  const neighbours = chosen.filter((index, i) => chosen[i + 1] === index + 1).length;
  // 20,000 × 0.1², four standard deviations.
  assert.ok(Math.abs(neighbours - 200) < 60, String(neighbours));
});
