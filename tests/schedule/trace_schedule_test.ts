import assert from "node:assert/strict";
import fc from "fast-check";
import { generateSchedule, type ScheduleOptions } from "../../lib/schedule/trace_schedule.ts";
import type { IatDistribution } from "../../lib/model/schedule.ts";
import { chiSquareTest, kolmogorovSmirnovTest } from "../../lib/stats/goodness_of_fit.ts";
import { listInvocations, profileWithCounts, traceWithCounts } from "../support/schedules.ts";

const DISTRIBUTIONS: readonly IatDistribution[] = ["exponential", "uniform", "equidistant"];
const MINUTE_MS = 60_000;

const countTable = fc.array(
  fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 4 }),
  { minLength: 1, maxLength: 6 },
);

Deno.test("generateSchedule: counts per function and minute are the trace's, exactly", () => {
  fc.assert(
    fc.property(
      countTable,
      fc.constantFrom(...DISTRIBUTIONS),
      fc.option(fc.boolean(), { nil: undefined }),
      fc.integer({ min: 0, max: 3 }),
      (counts, iatDistribution, shift, startMinute) => {
        const trace = traceWithCounts(...counts);
        const rows = listInvocations(
          generateSchedule(trace, {
            iatDistribution,
            shift,
            startMs: startMinute * MINUTE_MS,
          }),
        );
        const found = counts.map(() => [0, 0, 0, 0]);
        for (const { functionIndex, scheduledMs } of rows) {
          found[functionIndex][startMinute + Math.floor(scheduledMs / MINUTE_MS)]++;
        }
        assert.deepEqual(
          found,
          counts.map((row) => row.map((count, minute) => minute < startMinute ? 0 : count)),
        );
      },
    ),
    { seed: 11 },
  );
});

Deno.test("generateSchedule: ordered by time, then function key; on whole microseconds; no function twice at one", () => {
  fc.assert(
    fc.property(countTable, fc.constantFrom(...DISTRIBUTIONS), (counts, iatDistribution) => {
      // Keys in another order than the functions.
      const names = counts.map((_, i) => `f${counts.length - i}`);
      const trace = {
        ...traceWithCounts(...counts),
        functions: counts.map((perMinute, i) => profileWithCounts(names[i], perMinute)),
      };
      const rows = listInvocations(generateSchedule(trace, { iatDistribution, shift: false }));
      for (let i = 0; i < rows.length; i++) {
        const us = rows[i].scheduledMs * 1000;
        assert.ok(Math.abs(us - Math.round(us)) < 1e-4);
        if (i === 0) continue;
        const [a, b] = [rows[i - 1], rows[i]];
        assert.ok(
          a.scheduledMs < b.scheduledMs ||
            (a.scheduledMs === b.scheduledMs && names[a.functionIndex] < names[b.functionIndex]),
        );
      }
    }),
    { seed: 12 },
  );
});

Deno.test("generateSchedule: repeatable, and another seed or repetition is another schedule", async () => {
  const trace = traceWithCounts([30, 20], [5, 7]);
  const hash = (options: ScheduleOptions) => generateSchedule(trace, options).hash();
  assert.equal(await hash({ seed: 42 }), await hash({}));
  assert.equal(await hash({ seed: 1 }), await hash({ seed: 1 }));
  assert.notEqual(await hash({ seed: 1 }), await hash({ seed: 2 }));
  assert.notEqual(await hash({ seed: 1 }), await hash({ seed: 1, repetition: 1 }));
  const schedule = generateSchedule(trace);
  assert.deepEqual(listInvocations(schedule), listInvocations(schedule));
});

Deno.test("generateSchedule: a function behaves alike in every sample and window", () => {
  const counts = [[9, 8, 7, 6], [3, 0, 5, 1], [1, 2, 3, 4]];
  const whole = traceWithCounts(...counts);
  const sample = { ...whole, functions: [whole.functions[1]] };
  for (const iatDistribution of DISTRIBUTIONS) {
    const all = listInvocations(generateSchedule(whole, { iatDistribution }));
    const expected = all
      .filter(({ functionIndex, scheduledMs }) =>
        functionIndex === 1 && scheduledMs >= 2 * MINUTE_MS
      )
      .map((row) => ({ ...row, functionIndex: 0, us: Math.round(row.scheduledMs * 1000) }));
    const found = listInvocations(generateSchedule(sample, { iatDistribution, startMs: 120_000 }));
    assert.deepEqual(
      found.map((row) => [Math.round(row.scheduledMs * 1000), row.runtimeMs, row.memoryMib]),
      expected.map((row) => [row.us - 2 * MINUTE_MS * 1000, row.runtimeMs, row.memoryMib]),
    );
  }
});

Deno.test("generateSchedule: a window that ends inside a minute cuts it and squeezes nothing", () => {
  const trace = traceWithCounts([50, 50], [50, 50]);
  const whole = listInvocations(generateSchedule(trace));
  const cut = listInvocations(generateSchedule(trace, { durationMs: 75_000 }));
  assert.deepEqual(cut, whole.filter(({ scheduledMs }) => scheduledMs < 1.25 * MINUTE_MS));
  assert.ok(cut.length > 100);
});

Deno.test("generateSchedule: reused buffers hold the same invocations", () => {
  const schedule = generateSchedule(traceWithCounts([500, 3, 700], [2, 800, 0]));
  const fresh = listInvocations(schedule);
  let at = 0;
  for (const chunk of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < chunk.scheduledMs.length; i++, at++) {
      assert.equal(chunk.scheduledMs[i], fresh[at].scheduledMs);
      assert.equal(chunk.functionIndex[i], fresh[at].functionIndex);
      assert.equal(chunk.runtimeMs[i], fresh[at].runtimeMs);
      assert.equal(chunk.memoryMib[i], fresh[at].memoryMib);
    }
  }
  assert.equal(at, fresh.length);
});

Deno.test("generateSchedule: exponential arrivals are uniform over the full minute", () => {
  const schedule = generateSchedule(traceWithCounts([5000]));
  const times = listInvocations(schedule).map(({ scheduledMs }) => scheduledMs / MINUTE_MS);
  assert.ok(kolmogorovSmirnovTest(times, (x) => x).pValue > 0.001);
});

Deno.test("generateSchedule: exponential gaps are exponentially distributed", () => {
  const count = 5000;
  const times = listInvocations(generateSchedule(traceWithCounts([count])))
    .map(({ scheduledMs }) => scheduledMs);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  const mean = MINUTE_MS / count;
  assert.ok(kolmogorovSmirnovTest(gaps, (x) => 1 - Math.exp(-x / mean)).pValue > 0.001);
});

Deno.test("generateSchedule: uniform gaps are uniform between 0 and twice their mean", () => {
  const count = 3000;
  const times = listInvocations(
    generateSchedule(traceWithCounts([count]), { iatDistribution: "uniform", shift: false }),
  ).map(({ scheduledMs }) => scheduledMs);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  // Scaled to the minute, the largest gap is about 2 × 60 s ÷ count.
  const widest = 2 * MINUTE_MS / count;
  assert.ok(
    kolmogorovSmirnovTest(gaps, (x) => Math.min(1, x / widest)).pValue > 0.001,
  );
  assert.equal(times[0], 0);
});

Deno.test("generateSchedule: equidistant arrivals stand at i·minute/n, shifted alike in every minute", () => {
  const trace = traceWithCounts([4, 4, 4]);
  const plain = listInvocations(
    generateSchedule(trace, { iatDistribution: "equidistant", shift: false }),
  ).map(({ scheduledMs }) => scheduledMs);
  assert.deepEqual(plain.slice(0, 5), [0, 15_000, 30_000, 45_000, 60_000]);
  const shifted = listInvocations(generateSchedule(trace, { iatDistribution: "equidistant" }))
    .map(({ scheduledMs }) => scheduledMs);
  const shiftMs = shifted[0];
  assert.ok(shiftMs > 0 && shiftMs < 15_000);
  shifted.forEach((time, i) => assert.ok(Math.abs(time - (shiftMs + i * 15_000)) < 0.001));
});

Deno.test("generateSchedule: shifted functions do not all fire at second 0", () => {
  const trace = traceWithCounts(...Array.from({ length: 500 }, () => [1]));
  const times = listInvocations(generateSchedule(trace, { iatDistribution: "equidistant" }))
    .map(({ scheduledMs }) => scheduledMs / MINUTE_MS);
  assert.ok(kolmogorovSmirnovTest(times, (x) => x).pValue > 0.001);
});

Deno.test("generateSchedule: runtimes and memory follow the percentiles and are independent", () => {
  const rows = listInvocations(generateSchedule(traceWithCounts([20_000])));
  const share = (values: number[], low: number, high: number) =>
    values.filter((value) => value > low && value <= high).length;
  const runtimes = rows.map(({ runtimeMs }) => runtimeMs);
  const memory = rows.map(({ memoryMib }) => memoryMib);
  const bins = [[0, 20], [20, 50], [50, 120], [120, 900], [900, 3000]];
  const observed = bins.map(([low, high]) => share(runtimes, low, high));
  const expected = [0.25, 0.25, 0.25, 0.24, 0.01].map((part) => part * rows.length);
  // Rounding moves what lies within half a millisecond of an edge, far below a percent.
  assert.ok(chiSquareTest(observed, expected).pValue > 1e-4, observed.join());
  // Below p1 of memory there is p1 itself.
  assert.equal(Math.min(...memory), 20);
  assert.ok(Math.max(...memory) <= 300 && Math.max(...runtimes) <= 3000);
  const both = rows.filter(({ runtimeMs, memoryMib }) => runtimeMs > 50 && memoryMib > 90).length;
  const either = [runtimes.filter((x) => x > 50).length, memory.filter((x) => x > 90).length];
  const independent = either[0] * either[1] / rows.length;
  assert.ok(Math.abs(both - independent) < 4 * Math.sqrt(independent), `${both} ${independent}`);
});

Deno.test("generateSchedule: requested runtime and memory are clamped", () => {
  const profile = profileWithCounts("f", [50]);
  const constant = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });
  const requested = (runtimeMs: number, memoryMib: number) => {
    const trace = {
      ...traceWithCounts([50]),
      functions: [{
        ...profile,
        runtimeMs: constant(runtimeMs),
        memoryMib: constant(memoryMib),
      }],
    };
    const [row] = listInvocations(generateSchedule(trace));
    return [row.runtimeMs, row.memoryMib];
  };
  assert.deepEqual(requested(0, 0), [1, 1]);
  assert.deepEqual(requested(90_000, 20_000), [60_000, 10_240]);
  assert.deepEqual(requested(2.5, 2.4999), [3, 2]);
});

Deno.test("generateSchedule: rate scale multiplies whole parts exactly and thins the rest", () => {
  const trace = traceWithCounts([1000, 0, 1000], [10, 10, 10]);
  const count = (rateScale: number) => {
    const rows = listInvocations(generateSchedule(trace, { rateScale }));
    return [0, 1].map((index) => rows.filter((row) => row.functionIndex === index).length);
  };
  assert.deepEqual(count(3), [6000, 90]);
  const [half] = count(0.5);
  assert.ok(Math.abs(half - 1000) < 4 * Math.sqrt(500), `${half}`);
  assert.deepEqual(count(0.5), count(0.5));
  const [more] = count(2.25);
  assert.ok(more >= 4000 && Math.abs(more - 4500) < 4 * Math.sqrt(375), `${more}`);
});

Deno.test("generateSchedule: time scale compresses arrivals and leaves runtimes", () => {
  const trace = traceWithCounts([100, 100]);
  const plain = generateSchedule(trace);
  const fast = generateSchedule(trace, { timeScale: 10 });
  assert.equal(fast.durationMs, plain.durationMs / 10);
  assert.deepEqual(
    listInvocations(fast),
    listInvocations(plain).map((row) => ({ ...row, scheduledMs: row.scheduledMs / 10 })),
  );
});

Deno.test("generateSchedule: warm-up is the first part of the window", () => {
  const schedule = generateSchedule(traceWithCounts([1, 1, 1]), {
    warmupMs: 90_000,
    timeScale: 2,
  });
  assert.deepEqual(schedule.phases, [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 45_000, phase: "measurement" },
  ]);
});

Deno.test("generateSchedule: an empty minute, an empty trace", () => {
  assert.deepEqual(listInvocations(generateSchedule(traceWithCounts([0, 0]))), []);
  const empty = { ...traceWithCounts([0]), functions: [] };
  assert.deepEqual(listInvocations(generateSchedule(empty)), []);
});

Deno.test("generateSchedule: options out of range are refused in a sentence", () => {
  const trace = traceWithCounts([1, 1, 1]);
  const cases: [ScheduleOptions, RegExp][] = [
    [{ startMs: -60_000 }, /must start at a whole number of minutes from 0, not at minute -1/],
    [{ startMs: 90_000 }, /whole number/],
    [{ startMs: 180_000 }, /starts at minute 3, but the trace test has 3 minutes/],
    [{ durationMs: 0 }, /above 0 minutes/],
    [{ startMs: 60_000, durationMs: 150_000 }, /ends at minute 3.5, but the trace test has 3/],
    [{ rateScale: 0 }, /rate scale must be above 0/],
    [{ timeScale: NaN }, /time scale must be above 0/],
    [{ seed: 0.5 }, /seed must be a whole number/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => generateSchedule(trace, options), { code: "usage", message });
  }
});

Deno.test("generateSchedule: the golden schedules do not change", async () => {
  const trace = traceWithCounts([3, 0, 2], [1, 2, 0], [0, 4, 1]);
  const lines: string[] = [];
  for (const iatDistribution of DISTRIBUTIONS) {
    const schedule = generateSchedule(trace, { seed: 42, iatDistribution });
    lines.push(`${iatDistribution} ${await schedule.hash()}`);
    for (const row of listInvocations(schedule)) {
      lines.push(
        `${
          row.scheduledMs.toFixed(3)
        } f${row.functionIndex} ${row.runtimeMs} ms ${row.memoryMib} MiB`,
      );
    }
  }
  const golden = new URL("../golden/schedules.txt", import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") {
    await Deno.writeTextFile(golden, lines.join("\n") + "\n");
  }
  assert.equal(lines.join("\n") + "\n", await Deno.readTextFile(golden));
});
