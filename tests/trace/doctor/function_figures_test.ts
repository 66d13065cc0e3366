import assert from "node:assert/strict";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import { FunctionMeter } from "../../../lib/trace/doctor/function_figures.ts";

const DAY = { fromSlot: 0, toSlot: 1440 };

function countsOf(countAt: (slot: number) => number, slots = 1440): SlotCounts {
  return SlotCounts.from(Array.from({ length: slots }, (_, slot) => countAt(slot)));
}

for (const period of [2, 5, 15, 60, 240]) {
  Deno.test(`a timer of ${period} slots is found`, () => {
    const meter = new FunctionMeter(DAY, 60_000);
    assert.equal(
      meter.measure(countsOf((slot) => slot % period === period - 1 ? 1 : 0)).timerSlots,
      period,
    );
  });
}

Deno.test("a timer is found in other load, and where a beat is missing", () => {
  const meter = new FunctionMeter(DAY, 60_000);
  const counts = countsOf((slot) =>
    (slot % 10 === 3 && slot !== 503 ? 5 : 0) + (slot === 77 ? 1 : 0)
  );
  assert.equal(meter.measure(counts).timerSlots, 10);
});

Deno.test("as often in each slot: a timer of at most a slot", () => {
  assert.equal(new FunctionMeter(DAY, 60_000).measure(countsOf(() => 6)).timerSlots, 1);
});

Deno.test("the rise and fall of a day is no timer", () => {
  const meter = new FunctionMeter(DAY, 60_000);
  const counts = countsOf((slot) =>
    Math.round(20 + 10 * Math.sin(slot / 229)) + (slot * 7919) % 13
  );
  assert.equal(meter.measure(counts).timerSlots, null);
});

Deno.test("few invocations at even distances may be chance", () => {
  assert.equal(
    new FunctionMeter(DAY, 60_000).measure(countsOf((slot) => slot % 360 === 0 ? 1 : 0)).timerSlots,
    null,
  );
});

Deno.test("one function leaves nothing behind for the next", () => {
  const busy = countsOf((slot) => slot % 3);
  const seldom = countsOf((slot) => slot % 100 === 0 ? 1 : 0);
  const meter = new FunctionMeter(DAY, 60_000);
  meter.measure(busy);
  assert.deepEqual(meter.measure(seldom), new FunctionMeter(DAY, 60_000).measure(seldom));
});

Deno.test("a part of a trace is measured as a trace of that part is", () => {
  const countAt = (slot: number) => (slot * 31) % 7;
  const part = new FunctionMeter({ fromSlot: 100, toSlot: 350 }, 60_000).measure(countsOf(countAt));
  const whole = new FunctionMeter({ fromSlot: 0, toSlot: 250 }, 60_000).measure(
    countsOf((slot) => countAt(slot + 100), 250),
  );
  assert.deepEqual(part, whole);
  const visited: [number, number][] = [];
  new FunctionMeter({ fromSlot: 2, toSlot: 5 }, 60_000).measure(
    SlotCounts.from([9, 9, 0, 4, 5, 9]),
    (slot, count) => visited.push([slot, count]),
  );
  assert.deepEqual(visited, [[1, 4], [2, 5]]);
});

Deno.test("equal counts have equal fingerprints, others have not", () => {
  const meter = new FunctionMeter({ fromSlot: 0, toSlot: 4 }, 60_000);
  const of = (counts: number[]) => meter.measure(SlotCounts.from(counts)).fingerprint;
  assert.equal(of([1, 0, 2, 0]), of([1, 0, 2, 0]));
  const prints = [[1, 0, 2, 0], [1, 2, 0, 0], [0, 1, 2, 0], [2, 0, 1, 0], [1, 0, 0, 2]].map(of);
  assert.equal(new Set(prints).size, prints.length);
});
