import assert from "node:assert/strict";
import { deriveKey } from "../../../../lib/base/rng.ts";
import { SlotCounts } from "../../../../lib/model/slot_counts.ts";
import {
  FLAT_SHAPE,
  MINUTES_PER_DAY,
  TraceShape,
} from "../../../../lib/trace/synthesize/load_shape.ts";
import {
  DayGenerator,
  type MinuteProcess,
} from "../../../../lib/trace/synthesize/minute_process.ts";
import { ProcessFitter } from "../../../../lib/trace/synthesize/fit/process_fit.ts";

const DAYS = 7;
const TIME = { minutes: DAYS * MINUTES_PER_DAY, days: DAYS, startMinute: 0, weekday: 0 };

function generate(process: MinuteProcess, name: string): SlotCounts {
  const generator = new DayGenerator(new TraceShape(DAYS));
  const counts = new Uint32Array(TIME.minutes);
  for (let day = 0; day < DAYS; day++) {
    const part = counts.subarray(day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY);
    generator.generate(process, deriveKey(1, name), day, part);
  }
  return SlotCounts.from(counts);
}

function assertNear(actual: number, expected: number, part: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= part * expected, `${what}: ${actual}, not ${expected}`);
}

Deno.test("ProcessFitter finds the parameters that counts were made with", () => {
  const fitter = new ProcessFitter(TIME);
  const made = {
    kind: "dense",
    spanMinutes: 6,
    gapMinutes: 9,
    gaps: { cv: 1.5 },
    countMean: 40,
    leastCount: 1,
    countSigma: 0.5,
    countCorrelation: 0.95,
    countNoise: 0.3,
    shape: FLAT_SHAPE,
  } as const;
  const found = fitter.fit(generate(made, "dense"), FLAT_SHAPE);
  assert.ok(found.kind === "dense");
  assertNear(found.spanMinutes, made.spanMinutes, 0.1, "span");
  assertNear(found.gapMinutes, made.gapMinutes, 0.1, "gap");
  assert.ok("like" in found.gaps);
  const { like } = found.gaps;
  const mean = like.reduce((sum, gap) => sum + gap, 0) / like.length;
  const square = like.reduce((sum, gap) => sum + gap * gap, 0) / like.length;
  assertNear(Math.sqrt(square - mean * mean) / mean, 1.5, 0.2, "variability of gaps");
  assert.ok(Math.abs(found.gaps.correlation) < 0.1);
  assertNear(found.countSigma, made.countSigma, 0.15, "σ");
  assertNear(found.countCorrelation, made.countCorrelation, 0.03, "correlation");
  assertNear(found.countNoise, made.countNoise, 0.2, "noise");
});

Deno.test("ProcessFitter: a function of every minute has no gaps, and a steady one a period", () => {
  const fitter = new ProcessFitter(TIME);
  const always = {
    kind: "dense",
    spanMinutes: Infinity,
    gapMinutes: 0,
    gaps: { cv: 1 },
    countMean: 50,
    leastCount: 0,
    countSigma: 0,
    countCorrelation: 0,
    shape: FLAT_SHAPE,
  } as const;
  const poisson = fitter.fit(generate(always, "always"), FLAT_SHAPE);
  assert.ok(poisson.kind === "dense" && poisson.gapMinutes === 0);
  assert.ok(poisson.countSigma < 0.05 && poisson.countNoise < 0.05);
  const timers = [
    { kind: "periodic", periodMinutes: 0.4, offsetMinutes: 0, invocations: 1 },
    { kind: "periodic", periodMinutes: 15, offsetMinutes: 3, invocations: 4 },
    { kind: "periodic", periodMinutes: 1440, offsetMinutes: 100, invocations: 1 },
  ] as const;
  for (const timer of timers) {
    const found = fitter.fit(generate(timer, "timer"), FLAT_SHAPE);
    assert.ok(found.kind === "periodic", `${timer.periodMinutes}`);
    assertNear(found.periodMinutes, timer.periodMinutes, 0.01, "period");
    assert.equal(found.invocations, timer.invocations);
  }
});

Deno.test("ProcessFitter: a function of a few invocations keeps its gaps and spans", () => {
  const minutes = [10, 11, 12, 400, 1000, 1001, 5000, 9000];
  const counts = new Uint32Array(TIME.minutes);
  for (const minute of minutes) counts[minute] = 2;
  const found = new ProcessFitter(TIME).fit(SlotCounts.from(counts), FLAT_SHAPE);
  assert.ok(found.kind === "sparse");
  assert.deepEqual([...found.spans], [3, 1, 2, 1, 1]);
  assert.ok("like" in found.gaps);
  assert.deepEqual([...found.gaps.like], [390, 600, 1090, 4000, 4000]);
  assert.equal(found.countSigma, 0);
});
