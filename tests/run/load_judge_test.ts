import assert from "node:assert/strict";
import { join } from "node:path";
import { LoaderError } from "../../lib/base/error.ts";
import { type Calibration, describeCalibratedMachine } from "../../lib/run/calibration.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../../lib/run/common_options.ts";
import { LoadJudge } from "../../lib/run/load_judge.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { PlannedLoad } from "../../lib/run/plan_block.ts";

const ENDPOINTS = ["--platform", "endpoints", "--endpoints", "127.0.0.1:1"];

function optionsOf(...args: readonly string[]): CommonOptions {
  return parseOptions("test", "", COMMON_OPTIONS, args).values;
}

function loadOf(ratePerS: number): PlannedLoad {
  return {
    // Only its name is looked at.
    run: { name: "a-run" } as PlannedLoad["run"],
    plan: {
      functions: 1,
      invocations: ratePerS,
      durationMs: 1000,
      meanRatePerS: ratePerS,
      peakRatePerS: ratePerS,
      expectedConcurrency: 0.1,
      meanRequestedRuntimeMs: 1,
    },
  };
}

/** A machine that kept its time up to 1000. */
async function withCalibration(body: (path: string) => void | Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "calibration.json");
  const stepOf = (ratePerS: number, lagP99Ms: number, dropped = 0) => ({
    ratePerS,
    dispatchedPerS: ratePerS,
    dropped,
    lagP50Ms: 0.1,
    lagP99Ms,
    lagMaxMs: lagP99Ms,
    loopDelayP99Ms: 1,
    cpuPercent: 10,
    waitingPercent: 10,
    memoryMib: 80,
  });
  const calibration: Calibration = {
    kind: "calibration",
    formatVersion: 2,
    createdAt: "2026-01-01T00:00:00.000Z",
    machine: describeCalibratedMachine(),
    steps: [stepOf(1000, 1), stepOf(2000, 90, 1)],
  };
  Deno.writeTextFileSync(path, JSON.stringify(calibration));
  try {
    await body(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("LoadJudge: without a calibration it says nothing of the generator", () => {
  const judge = new LoadJudge(optionsOf(...ENDPOINTS));
  assert.deepEqual(judge.warnings([loadOf(1_000_000)]), []);
  judge.refuseBeyondLimits([loadOf(1_000_000)]);
});

Deno.test("LoadJudge: a load beyond what kept its time is flagged", () =>
  withCalibration((path) => {
    const judgeOf = (...args: readonly string[]) =>
      new LoadJudge(optionsOf(...args, "--calibration", path));
    assert.deepEqual(judgeOf(...ENDPOINTS).warnings([loadOf(900)]), []);
    assert.match(judgeOf(...ENDPOINTS).warnings([loadOf(1001)])[0], /up to 1000 when/);
    assert.match(judgeOf().warnings([loadOf(1001)])[0], /up to 1000 when/);
    const patient = judgeOf("--limit-dispatch-lag", "100ms");
    assert.deepEqual(patient.warnings([loadOf(1000)]), []);
  }));

Deno.test("LoadJudge: what was calibrated says nothing of other ways of calling", () =>
  withCalibration((path) => {
    const args = [...ENDPOINTS, "--calibration", path];
    for (const way of [["--transport", "grpc-js"], ["--connections", "invocation"]]) {
      const judge = new LoadJudge(optionsOf(...args, ...way));
      assert.match(judge.warnings([loadOf(9000)]).join(), /^This machine was not calibrated for/);
      judge.refuseBeyondLimits([loadOf(9000)]);
    }
  }));

Deno.test("LoadJudge: a load beyond what was reached is refused, or flagged where that is asked for", () =>
  withCalibration((path) => {
    const args = [...ENDPOINTS, "--calibration", path];
    const judge = new LoadJudge(optionsOf(...args));
    judge.refuseBeyondLimits([loadOf(2000)]);
    assert.throws(
      () => judge.refuseBeyondLimits([loadOf(10), loadOf(2001)]),
      (error) =>
        error instanceof LoaderError && error.code === "usage" &&
        /a-run asks for 2001 .* reached 2000/.test(error.message),
    );
    const bold = new LoadJudge(optionsOf(...args, "--beyond-limits", "flag"));
    bold.refuseBeyondLimits([loadOf(2001)]);
    assert.match(bold.warnings([loadOf(2001)])[0], /GENERATOR-LIMITED/);
  }));

Deno.test("LoadJudge: calls that ask for more than their time-out are counted before the load", () => {
  const runtimeMs = Uint32Array.of(100, 999, 1000, 5000);
  const { plan } = loadOf(4);
  const schedule = {
    *chunks() {
      yield { runtimeMs };
    },
  };
  const load = { run: { name: "a-run", schedule }, plan } as unknown as PlannedLoad;
  const warningsOf = (timeout: string) =>
    new LoadJudge(optionsOf(...ENDPOINTS, "--timeout", timeout)).warnings([load]);
  assert.deepEqual(warningsOf("1s"), [
    "a-run: 2 of 4 invocations (50.0 %) ask for a runtime of --timeout, 1s, or more: they will " +
    "be given up, and servers may close connections for it.",
  ]);
  assert.deepEqual(warningsOf("6s"), []);
  // No schedule asks for more than a minute.
  assert.deepEqual(warningsOf("2min"), []);
});
