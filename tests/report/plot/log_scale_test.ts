import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseLogScale } from "../../../lib/report/plot/log_scale.ts";

Deno.test("a log scale has ticks at 1, 2 and 5, and at powers of ten where they are many", () => {
  assert.deepEqual(chooseLogScale("", [1, 60]).ticks, [1, 2, 5, 10, 20, 50]);
  assert.deepEqual(chooseLogScale("", [0.01, 1_000]).ticks, [0.01, 0.1, 1, 10, 100, 1_000]);
});

Deno.test("infinity has a place above every finite value and no other value is there", () => {
  const scale = chooseLogScale("", [3, 40, Infinity]);
  assert.ok(scale.infinityAt !== null && scale.infinityAt > 40 * 1.25);
  assert.equal(scale.place(Infinity), scale.infinityAt);
  assert.equal(scale.place(40), 40);
  assert.equal(chooseLogScale("", [3, 40]).infinityAt, null);
});

Deno.test("whatever the values, each is placed within the scale, which has a tick to read", () => {
  const value = fc.oneof(
    fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
    fc.constantFrom(0, NaN, Infinity),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const scale = chooseLogScale("", values);
      const [from, until] = scale.y.domain;
      assert.ok(from > 0 && until > from && Number.isFinite(until));
      assert.ok(scale.ticks.length >= 1);
      assert.ok(scale.ticks.every((tick) => tick >= from && tick <= until));
      for (const known of values.filter((one) => !Number.isNaN(one))) {
        assert.ok(scale.place(known) >= from && scale.place(known) <= until);
      }
    }),
    { seed: 42 },
  );
});
