import assert from "node:assert/strict";
import { chooseSweptParameter } from "../../../lib/report/answers/swept_parameter.ts";

Deno.test("the axis of a sweep is a parameter that every run has, and one that differs", () => {
  const choose = (...runs: Record<string, number | string>[]) =>
    chooseSweptParameter(runs)?.name ?? null;
  assert.equal(choose({ functions: 1, ratePerS: 10 }, { functions: 1, ratePerS: 20 }), "ratePerS");
  assert.equal(choose({ functions: 1, ratePerS: 10 }, { functions: 2, ratePerS: 20 }), "functions");
  assert.equal(choose({ functions: 5, repetition: 0 }), "functions");
  assert.equal(choose({ functions: 5 }, { ratePerS: 5 }), null);
  assert.equal(choose({ functions: "many" }), null);
  assert.equal(choose(), null);
});
