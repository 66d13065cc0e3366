import assert from "node:assert/strict";
import { judgeCondition, parseCondition } from "../../../lib/analyze/compare/condition.ts";
import type { MetricComparison } from "../../../lib/analyze/compare/compare_runs.ts";

Deno.test("a condition names its metric in any order of words", () => {
  for (const text of ["p99 slowdown > +5%", "slowdown_p99>5%", "Slowdown P99  >  5.0 %"]) {
    const { metric, sign, change } = parseCondition(text);
    assert.deepEqual([metric.name, sign, change], ["slowdown_p99", ">", 0.05]);
  }
  const { metric, sign, change } = parseCondition("ready instances < -10%");
  assert.deepEqual([metric.name, sign, change], ["ready_instances", "<", -0.1]);
});

Deno.test("what is no condition is refused with what can be written", () => {
  for (const text of ["p98 slowdown > 5%", "slowdown_p99 = 5%", "slowdown_p99 > 5", "", "> 5%"]) {
    assert.throws(() => parseCondition(text), {
      code: "usage",
      message: /write a metric, > or <, and a change, .* Metrics: slowdown_p50, .*not_ok/,
    });
  }
});

Deno.test("a condition is met where the change is beyond it and no chance", () => {
  const metricOf = (change: number | null, isClear: boolean) => ({
    ...parseCondition("slowdown_p99 > 0%").metric,
    change,
    isClear,
  } as MetricComparison);
  const worse = parseCondition("p99 slowdown > +5%");
  assert.equal(judgeCondition(worse, [metricOf(0.06, true)]), "met");
  assert.equal(judgeCondition(worse, [metricOf(0.06, false)]), "not met");
  assert.equal(judgeCondition(worse, [metricOf(0.05, true)]), "not met");
  assert.equal(judgeCondition(worse, [metricOf(null, false)]), "unknown");
  assert.equal(judgeCondition(worse, []), "unknown");
  assert.equal(judgeCondition(parseCondition("p99 slowdown < -5%"), [metricOf(-0.2, true)]), "met");
});
