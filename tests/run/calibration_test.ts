import assert from "node:assert/strict";
import { join } from "node:path";
import { LoaderError } from "../../lib/base/error.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { Plan } from "../../lib/store/schema/manifest.ts";
import {
  type Calibration,
  type CalibrationStep,
  deriveSustainedRatePerS,
  describeCalibratedMachine,
  readCalibration,
} from "../../lib/run/calibration.ts";
import { judgeByCalibration } from "../../lib/run/load_judge.ts";
import type { PlannedLoad } from "../../lib/run/plan_block.ts";

function stepOf(ratePerS: number, given: Partial<CalibrationStep> = {}): CalibrationStep {
  return {
    ratePerS,
    dispatchedPerS: ratePerS,
    dropped: 0,
    lagP50Ms: 0.01,
    lagP99Ms: 0.5,
    lagMaxMs: 3,
    loopDelayP99Ms: 1,
    cpuPercent: 30,
    waitingPercent: 50,
    memoryMib: 80,
    ...given,
  };
}

const STEPS = [
  stepOf(1000),
  stepOf(10_000),
  stepOf(20_000, { lagP99Ms: 8 }),
  stepOf(50_000, { lagP99Ms: 90, dropped: 1, dispatchedPerS: 31_000 }),
];

function loadOf(name: string, meanRatePerS: number, peakRatePerS: number): PlannedLoad {
  const plan: Plan = {
    functions: 1,
    invocations: 1,
    durationMs: 1000,
    meanRatePerS,
    peakRatePerS,
    expectedConcurrency: 1,
    meanRequestedRuntimeMs: 1,
  };
  // Only its name is looked at.
  return { run: { name } as PlannedLoad["run"], plan };
}

Deno.test("deriveSustainedRatePerS: the highest rate below which none broke a limit", () => {
  assert.equal(deriveSustainedRatePerS(STEPS, VERDICT_LIMITS), 10_000);
  const generous = { ...VERDICT_LIMITS, dispatchLagP99Ms: 10 };
  assert.equal(deriveSustainedRatePerS(STEPS, generous), 20_000);
  assert.equal(deriveSustainedRatePerS(STEPS.toReversed(), VERDICT_LIMITS), 10_000);
  const busy = [stepOf(1000), stepOf(5000, { cpuPercent: 95 }), stepOf(10_000)];
  assert.equal(deriveSustainedRatePerS(busy, VERDICT_LIMITS), 1000);
  const stuck = [stepOf(1000, { loopDelayP99Ms: 11 })];
  assert.equal(deriveSustainedRatePerS(stuck, VERDICT_LIMITS), 0);
  const few = [stepOf(100, { lagP99Ms: null, lagMaxMs: 6 }), stepOf(1000)];
  assert.equal(deriveSustainedRatePerS(few, VERDICT_LIMITS), 1000, "too few for a p99");
  assert.equal(deriveSustainedRatePerS([], VERDICT_LIMITS), 0);
});

Deno.test("judgeByCalibration: flags a peak beyond what kept its time, refuses a mean beyond reach", () => {
  const judge = (...loads: PlannedLoad[]) => judgeByCalibration(loads, STEPS, VERDICT_LIMITS);
  assert.deepEqual(judge(loadOf("easy", 9000, 10_000)), { warnings: [], refusal: null });

  const peaky = judge(loadOf("easy", 10, 20), loadOf("peaky", 500, 10_001));
  assert.equal(peaky.refusal, null);
  assert.equal(peaky.warnings.length, 1);
  assert.match(peaky.warnings[0], /^peaky has up to 10001 .* up to 10000 .*GENERATOR-LIMITED\.$/);

  const beyond = judge(loadOf("beyond", 31_001, 40_000));
  assert.match(
    beyond.refusal!,
    /^beyond asks for 31001 .* reached 31000 .*--beyond-limits flag\.$/,
  );
  assert.equal(judge(loadOf("edge", 31_000, 31_000)).refusal, null);
});

Deno.test("judgeByCalibration: beyond rates that were all reached nothing is known, and nothing refused", () => {
  const easy = [stepOf(1000), stepOf(10_000)];
  const { warnings, refusal } = judgeByCalibration(
    [loadOf("fast", 20_000, 20_000)],
    easy,
    VERDICT_LIMITS,
  );
  assert.equal(refusal, null);
  assert.match(warnings[0], /calibrated only up to 10000/);
});

Deno.test("readCalibration: what was written is read; what is not there or elsewhere does not count", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "calibration.json");
  const write = (calibration: unknown) => Deno.writeTextFileSync(path, JSON.stringify(calibration));
  const calibration: Calibration = {
    kind: "calibration",
    formatVersion: 2,
    createdAt: "2026-01-01T00:00:00.000Z",
    machine: describeCalibratedMachine(),
    steps: STEPS,
  };
  try {
    write(calibration);
    assert.deepEqual(readCalibration(path), { calibration, note: null });

    write({ ...calibration, machine: { ...calibration.machine, cores: 1000 } });
    const foreign = readCalibration(path);
    assert.equal(foreign.calibration, null);
    assert.match(foreign.note!, /another machine .*1000 cores.* deno task calibrate|1000 cores/);

    write({ ...calibration, formatVersion: 99 });
    assert.throws(
      () => readCalibration(path),
      (error) =>
        error instanceof LoaderError && /no calibration of this version/.test(error.message),
    );
    assert.throws(
      () => readCalibration(join(folder, "missing.json")),
      (error) => error instanceof LoaderError && error.code === "usage",
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
