import assert from "node:assert/strict";
import fc from "fast-check";
import { burst } from "../../experiments/burst.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { generateBurst, generateRateStep } from "../../lib/schedule/pattern_schedule.ts";
import { rateOfStep } from "../../lib/schedule/rate_scale.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import type { IatDistribution, Schedule } from "../../lib/model/schedule.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { listInvocations, profileWithCounts, traceWithCounts } from "../support/schedules.ts";

const MINUTE_MS = 60_000;

const anyDistribution = fc.constantFrom<IatDistribution>("exponential", "uniform", "equidistant");

/** Rates and steps of every kind: whole, of a few decimals, or any double. */
function anyBetween(low: number, high: number) {
  return fc.oneof(
    fc.integer({ min: Math.ceil(low), max: Math.floor(high) }),
    fc.integer({ min: Math.ceil(low * 100), max: Math.floor(high * 100) }).map((n) => n / 100),
    fc.double({ min: low, max: high, noNaN: true }),
  ).filter((value) => value >= low && value <= high);
}

function timesOf(schedule: Schedule): number[] {
  return listInvocations(schedule).map(({ scheduledMs }) => scheduledMs);
}

function assertOrdered(times: readonly number[], durationMs: number): void {
  times.forEach((time, i) => {
    assert.ok(time >= (times[i - 1] ?? 0) && time < durationMs, `${time} of ${durationMs} ms`);
    assert.ok(Math.abs(time * 1000 - Math.round(time * 1000)) < 1e-4, `${time} ms is on no grid`);
  });
}

/** At no instant between steps has a pattern more or less than asked for, but for one invocation. */
function assertConserved(count: number, asked: number, where: string): void {
  assert.ok(Math.abs(count - asked) <= 1 + 1e-9, `${count} of ${asked} ${where}`);
}

Deno.test("rate steps: a ramp has what its rates ask for, after every step", () => {
  fc.assert(
    fc.property(
      anyBetween(0.01, 40),
      anyBetween(0.01, 40),
      anyBetween(100, 90_000),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 5 }),
      anyDistribution,
      (start, step, stepMs, steps, functions, iatDistribution) => {
        fc.pre((start + steps * step) * stepMs / 1000 < 20_000);
        let [count, asked] = [0, 0];
        for (let k = 0; k < steps; k++) {
          const ratePerS = rateOfStep(start, step, k);
          // Such a step has no run; the sum goes on all the same.
          fc.pre(ratePerS * stepMs / 1000 >= 1);
          const schedule = generateRateStep({
            seed: 1,
            ratePerS,
            durationMs: stepMs,
            askedBefore: asked,
            warmupShare: 0.2,
            functions,
            runtimeMs: 1,
            memoryMib: 1,
            iatDistribution,
          });
          const times = timesOf(schedule);
          assertOrdered(times, stepMs);
          for (let atMs = MINUTE_MS; atMs < stepMs; atMs += MINUTE_MS) {
            const inside = times.filter((time) => time < atMs).length;
            assertConserved(count + inside, asked + ratePerS * atMs / 1000, `by ${atMs} ms`);
          }
          count += times.length;
          asked += ratePerS * stepMs / 1000;
          assertConserved(count, asked, `after step ${k}`);
        }
      },
    ),
    { seed: 31, numRuns: 150 },
  );
});

Deno.test("rps ramp: the whole ramp has what its rates ask for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 100, max: 20_000 }),
      async (start, step, steps, stepMs) => {
        fc.pre(start * stepMs >= 50_000);
        const options = parseOptions("test", "", rpsRamp.options, [
          ...["--start", `${start / 100}`, "--step", `${step / 100}`, "--slot", `${stepMs}ms`],
          ...["--end", `${(start + step * (steps - 1)) / 100}`],
        ]).values;
        let [count, asked] = [0, 0];
        const runs = new Map(
          [...(await rpsRamp.plan(options)).runs].map((run) => [run.parameters.ratePerS, run]),
        );
        for (let k = 0; k < steps; k++) {
          const run = runs.get((start + k * step) / 100);
          runs.delete((start + k * step) / 100);
          // A rate that is due no whole invocation in its slot has no run.
          if (run !== undefined) count += timesOf(run.schedule).length;
          asked += (start + k * step) * stepMs / 100_000;
          assertConserved(count, asked, `after step ${k}`);
        }
        assert.equal(runs.size, 0);
      },
    ),
    { seed: 32, numRuns: 80 },
  );
});

Deno.test("rps ramp: rates below one invocation a slot are run as they become due, and told", async () => {
  const options = parseOptions("test", "", rpsRamp.options, [
    ...["--start", "0.6", "--step", "0.2", "--end", "1.2", "--slot", "1s"],
  ]).values;
  const runs = [...(await rpsRamp.plan(options)).runs];
  // Asked for by the end of each: 0.6, 1.4, 2.4, 3.6.
  assert.deepEqual(runs.map(({ name, schedule }) => [name, timesOf(schedule).length]), [
    ["rate-0.6", 1],
    ["rate-1", 1],
    ["rate-1.2", 2],
  ]);
  assert.deepEqual(runs[0].notes, []);
  assert.match(runs[1].notes!.join(), /^The rates below 1 with no whole .* have no run: 0\.8;/);
  assert.deepEqual(runs[2].notes, []);
});

Deno.test("burst: climb, stay and burst have what is asked for, after every step", () => {
  fc.assert(
    fc.property(
      anyBetween(0.01, 30),
      anyBetween(0.2, 30),
      anyBetween(0.01, 60),
      anyBetween(100, 10_000),
      anyBetween(1000, 130_000),
      fc.integer({ min: 1, max: 300 }),
      anyDistribution,
      (start, step, target, stepMs, durationMs, burstSize, iatDistribution) => {
        const { schedule, burstAtMs } = generateBurst({
          seed: 1,
          startRatePerS: start,
          stepRatePerS: step,
          targetRatePerS: target,
          stepMs,
          durationMs,
          burst: burstSize,
          runtimeMs: 1,
          memoryMib: 1,
          iatDistribution,
        });
        const rows = listInvocations(schedule);
        assertOrdered(rows.map(({ scheduledMs }) => scheduledMs), schedule.durationMs);
        const rates: number[] = [];
        while (rateOfStep(start, step, rates.length) < target) {
          rates.push(rateOfStep(start, step, rates.length));
        }
        assert.ok(Math.abs(schedule.durationMs - rates.length * stepMs - durationMs) < 1e-6);
        let asked = 0;
        rates.forEach((rate, k) => {
          asked += rate * stepMs / 1000;
          const atMs = (k + 1) * stepMs;
          // Slots end on whole microseconds.
          const count = rows.filter(({ scheduledMs }) => scheduledMs < atMs - 0.001).length;
          assertConserved(count, asked, `by ${atMs} ms`);
        });
        const inBurst = burstSize + 1;
        assertConserved(rows.length - inBurst, asked + target * durationMs / 1000, "in all");
        const names = rows.map(({ functionIndex }) => schedule.functions[functionIndex].id);
        assert.equal(names.filter((name) => name === "victim").length, 1);
        const [steady, bursty] = ["steady", "bursty"].map((name) =>
          names.filter((other) => other === name).length
        );
        assert.ok([0, 1].includes(steady - (bursty - burstSize)), "dealt in turn");
        const spread = rows.filter(({ scheduledMs }) =>
          scheduledMs >= burstAtMs && scheduledMs < burstAtMs + 1000
        );
        assert.ok(spread.length >= inBurst, "the burst is within its second");
      },
    ),
    { seed: 33, numRuns: 150 },
  );
});

Deno.test("burst: a climb by tenths has no step too many", async () => {
  // 0.1 added seven times is 0.7999999999999999, and less than 0.8.
  const options = parseOptions("test", "", burst.options, [
    ...["--rps", "0.8", "--start", "0.1", "--step", "0.1", "--slot", "10s"],
  ]).values;
  const [run] = [...(await burst.plan(options)).runs];
  assert.equal(run.schedule.durationMs, 7 * 10_000 + 20_000);
});

Deno.test("burst: a stay shorter than the burst is refused, not cut", () => {
  assert.throws(
    () =>
      generateBurst({
        seed: 1,
        startRatePerS: 1,
        stepRatePerS: 1,
        targetRatePerS: 1,
        stepMs: 1000,
        durationMs: 500,
        burst: 10,
        runtimeMs: 1,
        memoryMib: 1,
        iatDistribution: "exponential",
      }),
    { code: "usage", message: /takes 1000 ms, and the target rate stays for 500 ms/ },
  );
});

Deno.test("rate scale: each function keeps its sum over minutes to within one invocation", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 12, maxLength: 12 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.oneof(anyBetween(0.01, 4), fc.constantFrom(1e-6, 0.2, 0.5, 1, 2, 10)),
      fc.constantFrom(1, 0.3, 7),
      fc.nat({ max: 10 }),
      anyDistribution,
      (counts, rateScale, timeScale, startMinute, iatDistribution) => {
        const trace = traceWithCounts(...counts);
        const schedule = generateSchedule(trace, {
          rateScale,
          timeScale,
          startMs: startMinute * MINUTE_MS,
          iatDistribution,
        });
        const rows = listInvocations(schedule);
        counts.forEach((perMinute, functionIndex) => {
          const own = rows.filter((row) => row.functionIndex === functionIndex);
          let asked = 0;
          for (let minute = startMinute; minute < perMinute.length; minute++) {
            asked += perMinute[minute] * rateScale;
            const endMs = (minute + 1 - startMinute) * MINUTE_MS / timeScale;
            const count = own.filter(({ scheduledMs }) => scheduledMs < endMs - 1e-6).length;
            assertConserved(count, asked, `by minute ${minute}`);
            if (Number.isInteger(rateScale)) assert.equal(count, asked);
          }
        });
      },
    ),
    { seed: 34, numRuns: 150 },
  );
});

Deno.test("rate scale: shares begin at random, so that functions do not keep the same minutes", () => {
  const trace = traceWithCounts(...Array.from({ length: 400 }, () => [1, 1]));
  const rows = listInvocations(generateSchedule(trace, { rateScale: 0.5 }));
  const inFirst = rows.filter(({ scheduledMs }) => scheduledMs < MINUTE_MS).length;
  assert.equal(rows.length, 400);
  assert.ok(Math.abs(inFirst - 200) < 4 * Math.sqrt(100), `${inFirst}`);
});

Deno.test("rate scale: a function is scaled alike in every window and sample", () => {
  const whole = traceWithCounts([3, 1, 4, 1, 5], [9, 2, 6, 5, 3]);
  const all = listInvocations(generateSchedule(whole, { rateScale: 0.3 }));
  const part = listInvocations(
    generateSchedule({ ...whole, functions: [whole.functions[1]] }, {
      rateScale: 0.3,
      startMs: 120_000,
    }),
  );
  assert.deepEqual(
    part.map(({ scheduledMs }) => Math.round(scheduledMs * 1000)),
    all.filter(({ functionIndex, scheduledMs }) =>
      functionIndex === 1 && scheduledMs >= 2 * MINUTE_MS
    ).map(({ scheduledMs }) => Math.round(scheduledMs * 1000) - 2 * MINUTE_MS * 1000),
  );
});

/** What remains of times in whole microseconds within a gap: where a rotated grid stands. */
function phases(times: readonly number[], gapUs: number): Set<number> {
  return new Set(times.map((time) => Math.round(time * 1000) % gapUs));
}

Deno.test("shift: one shift for every span of a step, every step and the whole burst", () => {
  const common = { seed: 5, runtimeMs: 1, memoryMib: 1, iatDistribution: "equidistant" } as const;
  const step = (ratePerS: number, durationMs: number, functions = 1) =>
    timesOf(generateRateStep({ ...common, ratePerS, durationMs, warmupShare: 0, functions }));
  // Two whole minutes and a half, 10 a second: gaps of 100 ms throughout.
  const [shiftUs, ...others] = phases(step(10, 150_000), 100_000);
  assert.deepEqual(others, []);
  assert.notEqual(shiftUs, 0);
  assert.deepEqual([...phases(step(5, 20_000), 100_000)], [shiftUs]);
  assert.deepEqual([...phases(step(10, 20_000, 3), 100_000)], [shiftUs]);
  const { schedule } = generateBurst({
    ...common,
    startRatePerS: 5,
    stepRatePerS: 5,
    targetRatePerS: 10,
    stepMs: 20_000,
    durationMs: 130_000,
    burst: 1,
  });
  const steady = listInvocations(schedule).filter(({ functionIndex }) => functionIndex === 1);
  assert.equal(phases(steady.map(({ scheduledMs }) => scheduledMs), 100_000).size, 1);
});

Deno.test("shift: one shift for every minute of a function, whatever the sample", () => {
  const trace = traceWithCounts([4, 4, 4], [4, 4, 4]);
  const shiftOf = (functions: typeof trace.functions, index: number) => {
    const times = listInvocations(
      generateSchedule({ ...trace, functions }, { iatDistribution: "equidistant" }),
    ).filter(({ functionIndex }) => functionIndex === index);
    return [...phases(times.map(({ scheduledMs }) => scheduledMs), 15_000_000)];
  };
  const [first] = shiftOf(trace.functions, 0);
  assert.deepEqual(shiftOf(trace.functions, 0), [first]);
  assert.deepEqual(shiftOf([profileWithCounts("f0", [4, 4, 4])], 0), [first]);
  assert.notDeepEqual(shiftOf(trace.functions, 1), [first]);
});
