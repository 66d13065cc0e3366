import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../lib/base/rng.ts";
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

Deno.test("SlotCountsBuilder: what is appended follows, whatever the room", () => {
  const rng = Rng.fromSeed(4, "append");
  for (let round = 0; round < 300; round++) {
    const parts = Array.from(
      { length: 1 + rng.nextBelow(4) },
      () => Array.from({ length: 20 }, () => rng.nextBelow(3) * rng.nextBelow(200) ** 2),
    );
    const whole = new SlotCountsBuilder(rng.nextBelow(300));
    const part = new SlotCountsBuilder();
    let bytes = 0;
    for (const [i, counts] of parts.entries()) {
      for (const [slot, count] of counts.entries()) part.add(slot, count);
      whole.append(part, i * 20);
      assert.ok(whole.bytes >= bytes, "it grows");
      bytes = whole.bytes;
    }
    whole.add(parts.length * 20 + 5, 7);
    const expected = [...parts.flat(), 0, 0, 0, 0, 0, 7];
    const counts = rng.nextBelow(2) === 0
      ? whole.end(expected.length)
      : whole.finish(expected.length);
    assert.deepEqual([...counts.toArray()], expected);
    assert.ok(counts.equals(SlotCounts.from(expected)));
    assert.equal(counts.total, expected.reduce((a, b) => a + b, 0));
    assert.equal(counts.nonZero, expected.filter((count) => count > 0).length);
  }
  const builder = SlotCountsBuilder.prototype.append.bind(new SlotCountsBuilder());
  assert.throws(() => builder(new SlotCountsBuilder(), -1), RangeError);
});
