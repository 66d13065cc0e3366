import assert from "node:assert/strict";
import fc from "fast-check";
import { renderSparkline } from "../../lib/preflight/preflight_text.ts";

Deno.test("renderSparkline: a character for each value, from 0 to the largest", () => {
  assert.equal(renderSparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 20), "▁▂▃▄▅▆▇██");
});

Deno.test("renderSparkline: nothing at all is a flat line, and no value no line", () => {
  assert.equal(renderSparkline([0, 0, 0], 20), "▁▁▁");
  assert.equal(renderSparkline([], 20), "");
});

Deno.test("renderSparkline: each character shows the largest of its part", () => {
  assert.equal(renderSparkline([0, 8, 0, 0, 4, 0], 3), "█▁▅");
});

Deno.test("renderSparkline: is never wider than asked, and always shows the largest value", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 80 }),
      (values, width) => {
        const line = renderSparkline(values, width);
        assert.equal(line.length, Math.min(width, values.length));
        assert.equal(line.includes("█"), values.some((value) => value > 0));
      },
    ),
    { seed: 5, numRuns: 200 },
  );
});
