import assert from "node:assert/strict";
import fc from "fast-check";
import { shareOffsetsOf } from "../../lib/schedule/function_streams.ts";
import { derivePlan } from "../../lib/schedule/plan.ts";
import {
  countSilenced,
  deriveTargetScale,
  parseTargetRate,
} from "../../lib/schedule/target_rate.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { Rng } from "../../lib/base/rng.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";

const MINUTE_MS = 60_000;

Deno.test("rates in every unit, of the mean or the fullest slot", () => {
  assert.deepEqual(parseTargetRate("200/s"), { ratePerS: 200, of: "mean" });
  assert.deepEqual(parseTargetRate("12000/min"), { ratePerS: 200, of: "mean" });
  assert.deepEqual(parseTargetRate("peak:1.8e3/h"), { ratePerS: 0.5, of: "peak" });
  for (const text of ["200", "200/ms", "0/s", "-1/s", "peak:", "mean:2/s", "2/s peak", ""]) {
    assert.throws(() => parseTargetRate(text), { message: /is not a rate; write it as 200\/s, / });
  }
});

/** Functions from seldom to busy over two hours. */
function unequalTrace(functions: number) {
  const rng = Rng.fromSeed(1, "unequal");
  return traceWithCounts(...Array.from({ length: functions }, () => {
    const mean = 10 ** (3 * rng.nextFloat() - 2);
    return Array.from(
      { length: 120 },
      () => Math.floor(2 * mean * rng.nextFloat() + rng.nextFloat()),
    );
  }));
}

Deno.test("a mean rate: the sum of all functions is as asked for, each has its share to within one", async () => {
  const trace = unequalTrace(300);
  for (const [perMinute, startMinute, timeScale] of [[30, 0, 1], [5000, 30, 1], [400, 17, 12]]) {
    const [fromMs, untilMs] = [startMinute * MINUTE_MS, 90 * MINUTE_MS];
    const { rateScale, invocations, wanted } = deriveTargetScale(
      trace,
      parseTargetRate(`${perMinute}/min`),
      { shareOffsets: shareOffsetsOf(trace.functions, 42, 3), fromMs, untilMs, timeScale },
    );
    const schedule = generateSchedule(trace, {
      seed: 42,
      repetition: 3,
      startMs: fromMs,
      durationMs: untilMs - fromMs,
      rateScale,
      timeScale,
    });
    const plan = await derivePlan(schedule);
    assert.equal(plan.invocations, invocations);
    assert.equal(plan.invocations, Math.round(wanted));
    assert.ok(
      Math.abs(60 * plan.meanRatePerS - perMinute) < 1 / (plan.durationMs / MINUTE_MS) + 1e-9,
    );
    const counts = new Float64Array(300);
    for (const { functionIndex } of listInvocations(schedule)) counts[functionIndex]++;
    trace.functions.forEach(({ invocationsPerSlot }, i) => {
      const exact = invocationsPerSlot.sum(startMinute, 90) * rateScale;
      assert.ok(Math.abs(counts[i] - exact) < 1, `f${i}: ${counts[i]}, not ${exact}`);
    });
  }
});

Deno.test("a peak rate is that of the fullest slot", () => {
  const trace = traceWithCounts([10, 60, 20, 5], [0, 60, 30, 5]);
  const { rateScale, invocations } = deriveTargetScale(trace, parseTargetRate("peak:1/s"), {
    shareOffsets: shareOffsetsOf(trace.functions, 1, 0),
    fromMs: 0,
    untilMs: 4 * MINUTE_MS,
    timeScale: 2,
  });
  assert.equal(invocations, 30);
  const rows = listInvocations(generateSchedule(trace, { seed: 1, rateScale, timeScale: 2 }));
  const inSecond = rows.filter(({ scheduledMs }) => Math.floor(scheduledMs / 30_000) === 1);
  assert.equal(inSecond.length, 30);
});

Deno.test("where the window cuts a slot, its share is asked of it", () => {
  const trace = traceWithCounts([60, 60, 60]);
  const { rateScale, invocations, wanted } = deriveTargetScale(trace, parseTargetRate("2/s"), {
    shareOffsets: shareOffsetsOf(trace.functions, 1, 0),
    fromMs: 0,
    untilMs: 90_000,
    timeScale: 1,
  });
  assert.deepEqual([rateScale, invocations, wanted], [2, null, 180]);
});

Deno.test("what falls below one invocation is what the schedule does not call", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), (thousandths) => {
      const trace = unequalTrace(100);
      const rateScale = thousandths / 1000;
      const window = { startMs: 10 * MINUTE_MS, durationMs: 5 * MINUTE_MS };
      const called = new Set(
        listInvocations(generateSchedule(trace, { seed: 1, ...window, rateScale }))
          .map(({ functionIndex }) => functionIndex),
      );
      const invoked = trace.functions.filter(({ invocationsPerSlot }) =>
        invocationsPerSlot.sum(10, 15) > 0
      );
      const silenced = countSilenced(
        trace,
        shareOffsetsOf(trace.functions, 1, 0),
        10,
        15,
        rateScale,
      );
      assert.equal(silenced, invoked.length - called.size);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a rate of nothing, and of less than one, is refused", () => {
  const replay = { shareOffsets: new Float64Array(1), fromMs: 0, untilMs: MINUTE_MS, timeScale: 1 };
  assert.throws(
    () => deriveTargetScale(traceWithCounts([0, 5]), parseTargetRate("1/s"), replay),
    { code: "usage", message: /^--target-rate: none of the 1 functions .* is invoked in what is/ },
  );
  assert.throws(
    () => deriveTargetScale(traceWithCounts([5, 5]), parseTargetRate("3/h"), replay),
    { code: "usage", message: /is no invocation in what is measured; raise the rate or make it/ },
  );
});
