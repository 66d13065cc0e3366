import assert from "node:assert/strict";
import fc from "fast-check";
import type { Schedule } from "../../lib/model/schedule.ts";
import { forecastPlan } from "../../lib/schedule/forecast.ts";
import { derivePlan } from "../../lib/schedule/plan.ts";
import { hashSchedule } from "../../lib/schedule/schedule_hash.ts";
import { TalliedSchedule } from "../../lib/schedule/tallied_schedule.ts";
import { generateSchedule, type ScheduleOptions } from "../../lib/schedule/trace_schedule.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";

const TRACE = traceWithCounts([3000, 0, 5], [10, 4000, 0]);

Deno.test("whoever goes through all of it has counted and hashed it, in parts of a bounded size", async () => {
  const plain = generateSchedule(TRACE);
  for (const reuse of [true, false]) {
    const tallied = new TalliedSchedule(plain);
    assert.equal(tallied.facts, null);
    // Someone who gives up, and someone who goes on meanwhile, do not disturb each other.
    for (const _ of tallied.chunks({ reuse })) break;
    const half = tallied.chunks({ reuse });
    half.next();
    assert.equal(tallied.facts, null);
    for (const chunk of tallied.chunks({ reuse })) assert.ok(chunk.scheduledMs.length <= 1024);
    const facts = { plan: await derivePlan(plain), hash: await plain.hash() };
    assert.deepEqual(tallied.facts, facts);
    for (const _ of half);
    assert.deepEqual(tallied.facts, facts);
    assert.deepEqual(await tallied.find(), facts);
    assert.deepEqual(listInvocations(tallied), listInvocations(plain));
  }
});

Deno.test("a hash does not depend on how the schedule is cut", async () => {
  const schedule = generateSchedule(TRACE);
  const chunks = [...schedule.chunks()];
  const each = chunks.flatMap(({ scheduledMs, functionIndex, runtimeMs, memoryMib }) =>
    Array.from(scheduledMs, (_, i) => ({
      scheduledMs: scheduledMs.subarray(i, i + 1),
      functionIndex: functionIndex.subarray(i, i + 1),
      runtimeMs: runtimeMs.subarray(i, i + 1),
      memoryMib: memoryMib.subarray(i, i + 1),
    }))
  );
  assert.equal(await hashSchedule(schedule.functions, each), await schedule.hash());
});

/** Relative difference of two figures. */
const apart = (a: number, b: number) => Math.abs(a - b) / Math.max(a, b, 1e-9);

Deno.test("a forecast has the invocations exactly, and the rest nearly", async () => {
  const counts = fc.array(
    fc.array(fc.nat(3000), { minLength: 4, maxLength: 4 }),
    { minLength: 1, maxLength: 5 },
  );
  const options = fc.record({
    startMs: fc.nat(2).map((minute) => minute * 60_000),
    rateScale: fc.constantFrom(1, 0.3, 2.5),
    timeScale: fc.constantFrom(0.5, 1, 10, 120),
  });
  await fc.assert(
    fc.asyncProperty(counts, options, async (counts, options: ScheduleOptions) => {
      const schedule = generateSchedule(traceWithCounts(...counts), options);
      const forecast = forecastPlan(schedule, schedule.forecast!()!);
      const plan = await derivePlan(schedule);
      assert.equal(forecast.invocations, plan.invocations);
      assert.equal(forecast.meanRatePerS, plan.meanRatePerS);
      if (plan.invocations < 5000) return;
      assert.ok(apart(forecast.expectedConcurrency, plan.expectedConcurrency) < 0.15);
      assert.ok(apart(forecast.peakRatePerS, plan.peakRatePerS) < 0.3);
    }),
    { numRuns: 60, seed: 1 },
  );
});

Deno.test("a forecast of a window that cuts a slot takes its share of it", () => {
  const schedule = generateSchedule(traceWithCounts([100, 100]), { durationMs: 90_000 });
  assert.equal(schedule.forecast!()!.invocations, 150);
});

Deno.test("a forecast tells what is cut, and what asks for longer than is waited for", async () => {
  const flat = (values: readonly number[]) => ({ quantiles: [0, 1], values, mean: 1 });
  const trace = traceWithCounts([20_000]);
  const functions = [{
    ...trace.functions[0],
    runtimeMs: flat([0, 120_000]),
    memoryMib: flat([0, 20_480]),
  }];
  const schedule: Schedule = generateSchedule({ ...trace, functions });
  const forecast = schedule.forecast!()!;
  const [told, counted] = [forecastPlan(schedule, forecast), await derivePlan(schedule)];
  assert.equal(told.isForecast, true);
  assert.equal(forecast.countOfAtLeast(30_000), 15_000);
  assert.ok(apart(told.cut!.runtimes, counted.cut!.runtimes) < 0.05);
  assert.ok(apart(told.cut!.memories, counted.cut!.memories) < 0.05);
  assert.ok(apart(told.cut!.uncutConcurrency, counted.cut!.uncutConcurrency) < 0.05);
  assert.ok(apart(told.expectedConcurrency, counted.expectedConcurrency) < 0.05);
});
