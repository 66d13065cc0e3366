import assert from "node:assert/strict";
import fc from "fast-check";
import { MaximumWindow } from "../../../lib/autoscale/knative/maximum_window.ts";

Deno.test("MaximumWindow returns the maximum of the buckets that end with the newest", () => {
  const window = new MaximumWindow(6000, 2000);
  assert.equal(window.record(0, 5), 5);
  assert.equal(window.record(2000, 2), 5);
  assert.equal(window.record(4000, 3), 5);
  assert.equal(window.record(6000, 1), 3);
  assert.equal(window.record(20_000, 1), 1);
});

Deno.test("MaximumWindow equals the maximum by definition", () => {
  const steps = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 9000 }),
      value: fc.integer({ min: 0, max: 50 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (series, length) => {
      const window = new MaximumWindow(length * 2000, 2000);
      const seen: { bucket: number; value: number }[] = [];
      let tMs = 0;
      for (const { gapMs, value } of series) {
        tMs += gapMs;
        const bucket = Math.floor(tMs / 2000);
        seen.push({ bucket, value });
        const recent = seen.filter((entry) => entry.bucket > bucket - length);
        assert.equal(window.record(tMs, value), Math.max(...recent.map((entry) => entry.value)));
      }
    }),
    { seed: 42 },
  );
});
