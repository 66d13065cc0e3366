import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_COUNT, SlotCounts, SlotCountsBuilder } from "../../lib/model/slot_counts.ts";

const dense = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(300) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: MAX_COUNT }) },
  ),
  { maxLength: 300 },
);

Deno.test("counts of slots are what they were made of, whole and in any part", () => {
  fc.assert(
    fc.property(dense, fc.nat(320), fc.nat(320), (counts, from, to) => {
      const kept = SlotCounts.from(counts);
      assert.deepEqual([...kept.toArray()], counts);
      assert.equal(kept.length, counts.length);
      assert.equal(kept.total, counts.reduce((sum, count) => sum + count, 0));
      assert.equal(kept.nonZero, counts.filter((count) => count > 0).length);
      assert.equal(kept.max(), Math.max(0, ...counts));
      assert.equal(kept.sum(from, to), counts.slice(from, to).reduce((a, b) => a + b, 0));
      assert.ok(kept.equals(SlotCounts.from(counts)));
    }),
    { seed: 1 },
  );
});

Deno.test("counts differ where one slot differs, or their number", () => {
  const counts = SlotCounts.from([1, 0, 2]);
  assert.ok(!counts.equals(SlotCounts.from([1, 0, 3])));
  assert.ok(!counts.equals(SlotCounts.from([1, 2, 0])));
  assert.ok(!counts.equals(SlotCounts.from([1, 0, 2, 0])));
  assert.ok(SlotCounts.none(2).equals(SlotCounts.from([0, 0])));
});

Deno.test("a builder adds up what comes for one slot, begins anew, and refuses what goes back", () => {
  const builder = new SlotCountsBuilder();
  builder.add(100_000, 1);
  builder.add(100_000, 2);
  builder.add(100_001, 0);
  const first = builder.finish(200_000);
  assert.deepEqual([first.total, first.nonZero, first.sum(100_000, 100_001)], [3, 1, 3]);
  builder.add(1, MAX_COUNT);
  assert.throws(() => builder.add(1, 1), { code: "input", message: /at most 4294967295/ });
  builder.clear();
  builder.add(5, 1);
  assert.throws(() => builder.add(4, 1), RangeError);
  assert.throws(() => builder.finish(5), RangeError);
});

Deno.test("a cursor at the end stays there", () => {
  const cursor = SlotCounts.from([0, 7]).cursor();
  assert.deepEqual([cursor.slot, cursor.count], [1, 7]);
  cursor.next();
  cursor.next();
  assert.deepEqual([cursor.slot, cursor.count], [Infinity, 0]);
});
