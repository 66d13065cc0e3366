import assert from "node:assert/strict";
import fc from "fast-check";
import { DynamicTable, fieldSize } from "../../../lib/rpc/hpack/dynamic_table.ts";
import { entriesOf, type Pair } from "./notation.ts";

Deno.test("an entry of exactly the maximum size stays, one of a byte more empties the table", () => {
  const table = new DynamicTable(50);
  table.insert("te", "x".repeat(16));
  assert.deepEqual([table.count, table.size], [1, 50]);
  table.insert("te", "x".repeat(17));
  assert.deepEqual([table.count, table.size], [0, 0]);
});

Deno.test("a table of size 0 keeps nothing", () => {
  const table = new DynamicTable(0);
  table.insert("", "");
  assert.equal(table.count, 0);
});

Deno.test("a smaller maximum evicts the oldest, a larger one brings nothing back", () => {
  const table = new DynamicTable(4096);
  for (const value of ["1", "2", "3"]) table.insert("n", value); // 34 bytes each
  table.resize(70);
  assert.deepEqual(entriesOf(table), [["n", "3"], ["n", "2"]]);
  table.resize(4096);
  assert.deepEqual(entriesOf(table), [["n", "3"], ["n", "2"]]);
});

Deno.test("the order stays when more entries come after an eviction than ever before", () => {
  const table = new DynamicTable(4096);
  const values = Array.from({ length: 30 }, (_, i) => String(i));
  for (const value of values.slice(0, 6)) table.insert("n", value);
  table.resize(40); // the sixth alone is left
  table.resize(4096);
  for (const value of values.slice(6)) table.insert("n", value);
  assert.deepEqual(entriesOf(table).map(([, value]) => value), values.slice(5).reverse());
});

Deno.test("whatever could change what a block means counts as a change, nothing else", () => {
  const table = new DynamicTable(100);
  const changed = (act: () => void) => {
    const before = table.changes;
    act();
    return table.changes > before;
  };
  assert.ok(changed(() => table.insert("a", "1")), "an insertion");
  assert.ok(!changed(() => table.resize(100)), "the size it has");
  assert.ok(changed(() => table.resize(99)), "another size, without eviction");
  assert.ok(changed(() => table.insert("a", "x".repeat(100))), "an eviction without insertion");
  assert.ok(!changed(() => table.insert("a", "x".repeat(100))), "too large for an empty table");
});

Deno.test("the table is the newest entries that fit, whatever is done to it", () => {
  const text = fc.string({ maxLength: 4 });
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ name: text, value: text }) },
    { weight: 1, arbitrary: fc.record({ maxSize: fc.integer({ min: 0, max: 2000 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new DynamicTable(1000);
      let maxSize = 1000;
      let expected: Pair[] = [];
      for (const step of steps) {
        if ("maxSize" in step) {
          maxSize = step.maxSize;
          table.resize(maxSize);
        } else {
          expected.unshift([step.name, step.value]);
          table.insert(step.name, step.value);
        }
        expected = newestThatFit(expected, maxSize);
        assert.deepEqual(entriesOf(table), expected);
        assert.equal(table.size, sizeOf(expected));
      }
    }),
    { seed: 7541, numRuns: 100 },
  );
});

function newestThatFit(pairs: readonly Pair[], maxSize: number): Pair[] {
  let count = pairs.length;
  while (sizeOf(pairs.slice(0, count)) > maxSize) count--;
  return pairs.slice(0, count);
}

function sizeOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, [name, value]) => sum + fieldSize(name, value), 0);
}
