import assert from "node:assert/strict";
import { chooseLinearScale } from "../../../lib/report/plot/time_frame.ts";

Deno.test("a linear scale: from 0 to the largest value that there is", () => {
  assert.deepEqual(chooseLinearScale("x", [[1, 7], [3]]).domain, [0, 7]);
  assert.deepEqual(chooseLinearScale("x", [[NaN, 2, Infinity]]).domain, [0, 2]);
});

Deno.test("a linear scale: nothing, and noise around it, is not drawn large", () => {
  for (const values of [[], [0, 0], [NaN], [7.3e-12]]) {
    assert.deepEqual(chooseLinearScale("x", [values]).domain, [0, 1]);
    assert.deepEqual(chooseLinearScale("x", [values], 5).domain, [0, 5]);
  }
});
