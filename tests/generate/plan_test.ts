import assert from "node:assert/strict";
import { derivePlan } from "../../lib/generate/plan.ts";
import { generateRateStep } from "../../lib/generate/pattern_schedule.ts";
import { generateSchedule } from "../../lib/generate/trace_schedule.ts";
import { traceWithCounts } from "../support/schedules.ts";

Deno.test("derivePlan: totals, rates and Little's law by hand", () => {
  const plan = derivePlan(generateRateStep({
    seed: 1,
    ratePerS: 20,
    durationMs: 5000,
    warmupShare: 0,
    functions: 2,
    runtimeMs: 50,
    memoryMib: 10,
    iatDistribution: "equidistant",
  }));
  assert.deepEqual(plan, {
    functions: 2,
    invocations: 100,
    durationMs: 5000,
    meanRatePerS: 20,
    peakRatePerS: 20,
    expectedConcurrency: 1,
    meanRequestedRuntimeMs: 50,
  });
});

Deno.test("derivePlan: nothing to do is zero, not NaN", () => {
  const plan = derivePlan(generateSchedule(traceWithCounts([0, 0])));
  assert.deepEqual(
    [plan.invocations, plan.meanRatePerS, plan.peakRatePerS, plan.expectedConcurrency],
    [0, 0, 0, 0],
  );
  assert.equal(plan.meanRequestedRuntimeMs, 0);
});
