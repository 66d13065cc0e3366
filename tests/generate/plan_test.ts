import assert from "node:assert/strict";
import { derivePlan, holdsMoreThan } from "../../lib/generate/plan.ts";
import { generateRateStep } from "../../lib/generate/pattern_schedule.ts";
import { generateSchedule } from "../../lib/generate/trace_schedule.ts";
import { traceWithCounts } from "../support/schedules.ts";

Deno.test("derivePlan: totals, rates and Little's law by hand", async () => {
  const plan = await derivePlan(generateRateStep({
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

Deno.test("derivePlan: nothing to do is zero, not NaN", async () => {
  const plan = await derivePlan(generateSchedule(traceWithCounts([0, 0])));
  assert.deepEqual(
    [plan.invocations, plan.meanRatePerS, plan.peakRatePerS, plan.expectedConcurrency],
    [0, 0, 0, 0],
  );
  assert.equal(plan.meanRequestedRuntimeMs, 0);
});

Deno.test("holdsMoreThan: makes no more of a schedule than the answer needs", async () => {
  let made = 0;
  const minutes = generateSchedule(traceWithCounts([3, 3, 3, 3]));
  const counted = {
    ...minutes,
    *chunks() {
      for (const chunk of minutes.chunks()) {
        made++;
        yield chunk;
      }
    },
  };
  assert.equal(await holdsMoreThan(5, counted as typeof minutes), true);
  assert.equal(made, 2);
  assert.equal(await holdsMoreThan(12, minutes), false);
  assert.equal(await holdsMoreThan(11, minutes), true);
});
