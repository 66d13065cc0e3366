import assert from "node:assert/strict";
import { findIrregularities, thinCurve } from "../../../lib/trace/doctor/load_curve.ts";

function curve(length: number, valueAt: (slot: number) => number): Float64Array {
  return Float64Array.from({ length }, (_, slot) => valueAt(slot));
}

const NONE = { silent: [], dips: [], surges: [], firstIsCut: false, lastIsCut: false };

Deno.test("the course of a day is no irregularity", () => {
  assert.deepEqual(
    findIrregularities(curve(1440, (slot) => 100 + 90 * Math.sin(slot / 229))),
    NONE,
  );
});

Deno.test("silence where there is little load is no hole", () => {
  assert.deepEqual(findIrregularities(curve(200, (slot) => slot % 2)), NONE);
});

Deno.test("holes, dips and surges are found with their slots", () => {
  const load = curve(300, (slot) => {
    if (slot >= 50 && slot < 60) return 0;
    if (slot === 100) return 5;
    return slot === 200 || slot === 201 ? 900 : 100;
  });
  assert.deepEqual(findIrregularities(load), {
    ...NONE,
    silent: [{ fromSlot: 50, toSlot: 60 }],
    dips: [{ fromSlot: 100, toSlot: 101 }],
    surges: [{ fromSlot: 200, toSlot: 202 }],
  });
});

Deno.test("a hole that is longer than its neighbourhood is a hole throughout", () => {
  const { silent } = findIrregularities(
    curve(600, (slot) => slot >= 200 && slot < 400 ? 0 : 100),
  );
  assert.deepEqual(silent, [{ fromSlot: 200, toSlot: 400 }]);
});

Deno.test("an edge with half of its neighbours' load is cut, an empty one a hole", () => {
  const cut = findIrregularities(curve(100, (slot) => slot === 0 || slot === 99 ? 30 : 100));
  assert.ok(cut.firstIsCut && cut.lastIsCut);
  assert.deepEqual(cut.silent, []);
  const empty = findIrregularities(curve(100, (slot) => slot === 99 ? 0 : 100));
  assert.equal(empty.lastIsCut, false);
  assert.deepEqual(empty.silent, [{ fromSlot: 99, toSlot: 100 }]);
});

Deno.test("short curves are looked at without a fault", () => {
  for (const length of [0, 1, 2, 3]) {
    assert.deepEqual(findIrregularities(curve(length, () => 100)), NONE);
  }
});

Deno.test("a thinned curve keeps the sum and the largest", () => {
  const values = curve(1000, (slot) => (slot * 37) % 101);
  const { slotsPerPoint, mean, most } = thinCurve(values, 64);
  assert.ok(mean.length <= 64);
  const lengths = Array.from(mean.keys(), (i) => Math.min(slotsPerPoint, 1000 - i * slotsPerPoint));
  const sum = mean.reduce((total, value, i) => total + value * lengths[i], 0);
  assert.ok(Math.abs(sum - values.reduce((total, value) => total + value, 0)) < 1e-6);
  assert.equal(Math.max(...most), Math.max(...values));
  assert.deepEqual(thinCurve(new Float64Array(0), 10).mean, new Float64Array(0));
});
