import assert from "node:assert/strict";
import { derivePlan, holdsMoreThan } from "../../lib/schedule/plan.ts";
import { generateRateStep } from "../../lib/schedule/pattern_schedule.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { readScheduleFile, writeScheduleFile } from "../../lib/schedule/schedule_file.ts";
import { profileWithCounts, traceWithCounts } from "../support/schedules.ts";
import { temporaryFolder } from "../support/script.ts";

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

/** A trace of one function that is invoked every second, with these runtimes and memory. */
function constantTrace(runtimesMs: readonly number[], memoryMib = 100) {
  const quantiles = runtimesMs.map((_, i) => i / (runtimesMs.length - 1));
  const profile = profileWithCounts("f", Array(5).fill(60));
  return {
    ...traceWithCounts(Array(5).fill(60)),
    functions: [{
      ...profile,
      runtimeMs: { quantiles, values: runtimesMs, mean: 1 },
      memoryMib: { quantiles: [0, 1], values: [memoryMib, memoryMib], mean: memoryMib },
    }],
  };
}

Deno.test("derivePlan: what is cut to 60 s is counted, with the concurrency that it would have had", async () => {
  const plan = await derivePlan(generateSchedule(constantTrace([1_954_000, 1_954_000])));
  assert.equal(plan.expectedConcurrency, 60);
  assert.deepEqual(plan.cut, { runtimes: 300, memories: 0, uncutConcurrency: 1954 });
});

Deno.test("derivePlan: of a distribution only what lies beyond is cut", async () => {
  // Half of the runtimes are 30 s, the other half uniform from 30 to 90 s.
  const plan = await derivePlan(generateSchedule(constantTrace([30_000, 30_000, 90_000])));
  const { runtimes, uncutConcurrency } = plan.cut!;
  assert.ok(Math.abs(runtimes - 75) < 4 * Math.sqrt(75 * 0.75), `${runtimes}`);
  // A quarter lies 15 s above 60 s on average.
  const added = uncutConcurrency - plan.expectedConcurrency;
  assert.ok(Math.abs(added - 15 * runtimes / 300) < 1e-9, `${added}`);
  const within = await derivePlan(generateSchedule(constantTrace([30_000, 60_000])));
  assert.equal(within.cut, undefined);
});

Deno.test("derivePlan: memory beyond 10,240 MiB is counted too", async () => {
  const plan = await derivePlan(generateSchedule(constantTrace([10, 10], 20_000)));
  assert.deepEqual(plan.cut, {
    runtimes: 0,
    memories: 300,
    uncutConcurrency: plan.expectedConcurrency,
  });
});

Deno.test("derivePlan: a schedule that was saved tells of its cuts as well", async () => {
  await using folder = await temporaryFolder();
  const schedule = generateSchedule(constantTrace([1000, 500_000]));
  await writeScheduleFile(schedule, `${folder.path}/x.schedule`);
  const read = await readScheduleFile(`${folder.path}/x.schedule`);
  assert.deepEqual(await derivePlan(read), await derivePlan(schedule));
});
