import assert from "node:assert/strict";
import { deriveTwinParameters, type TwinParameters } from "../../../lib/analyze/twin/parameters.ts";
import type {
  CpuReading,
  ServedCall,
  ServingInstance,
  TwinSource,
} from "../../../lib/analyze/twin/source.ts";
import { Rng } from "../../../lib/base/rng.ts";
import type { RunManifest } from "../../../lib/store/schema/manifest.ts";
import { constant, type Distribution } from "../../../lib/platform/simulator/distribution.ts";
import { scheduleOf, simulate, type Simulated } from "../../platform/simulator/simulated_run.ts";

const CORES = 2;
const SHORT_FUNCTIONS = 12;
/** They compute all the time in the second half, so that short calls are never alone then. */
const LONG_FUNCTIONS = 4;
const LONG_CALLS = 15;
const HALF_MS = 30_000;

/** What the functions take of the cores: little, then all. */
const READINGS = Array.from({ length: 60 }, (_, second): CpuReading => ({
  fromMs: 1000 * second,
  untilMs: 1000 * (second + 1),
  cpuPercent: second < 30 ? 2 : 100 * CORES,
}));

/** Short calls alone, two to an instance; then at random beside the long ones. */
function listInvocations() {
  const rng = Rng.fromSeed(1, "calls");
  const runtimeMs = () => 1 + Math.floor(5 * rng.nextFloat());
  const functionIndex = () => LONG_FUNCTIONS + Math.floor(SHORT_FUNCTIONS * rng.nextFloat());
  const alone = Array.from({ length: 150 }, (_, i) => {
    const pair = { scheduledMs: 200 * i, functionIndex: functionIndex() };
    return [{ ...pair, runtimeMs: runtimeMs() }, { ...pair, runtimeMs: runtimeMs() }];
  });
  const beside = Array.from({ length: 1500 }, () => ({
    scheduledMs: HALF_MS + HALF_MS * rng.nextFloat(),
    functionIndex: functionIndex(),
    runtimeMs: runtimeMs(),
  }));
  const long = Array.from({ length: LONG_FUNCTIONS * LONG_CALLS }, (_, i) => ({
    scheduledMs: HALF_MS,
    functionIndex: i % LONG_FUNCTIONS,
    runtimeMs: 1000,
  }));
  return [...alone.flat(), ...beside, ...long];
}

async function observe(
  wakeUpMs: Distribution,
  cpu: readonly CpuReading[] = READINGS,
): Promise<TwinParameters> {
  const functions = LONG_FUNCTIONS + SHORT_FUNCTIONS;
  const simulated = await simulate({
    schedule: scheduleOf(functions, listInvocations(), 2 * HALF_MS),
    options: {
      nodeCores: CORES,
      cpuOvercommit: 10,
      startMs: constant(0),
      autoscaling: { maxScale: 1 },
      wakeUpMs,
    },
    specs: Array.from({ length: functions }, () => ({ initialScale: 1 })),
  });
  return deriveTwinParameters([sourceOf(simulated, cpu)], {
    cores: CORES,
    containerConcurrency: 1,
  });
}

/** What the tables of such a run tell. */
function sourceOf({ rows }: Simulated, cpu: readonly CpuReading[]): TwinSource {
  const instances = Map.groupBy(
    rows.filter(({ outcome }) => outcome === "ok"),
    ({ instance }) => instance!,
  );
  return {
    manifest: {} as RunManifest,
    instances: [...instances.values()].map((calls): ServingInstance => ({
      functionId: "f",
      createdMs: NaN,
      readyMs: -1000,
      stoppingMs: NaN,
      goneMs: NaN,
      calls: calls.map((row): ServedCall => ({ ...row, isCold: false }))
        .sort((a, b) => a.completedMs - b.completedMs),
    })),
    cpu: new Map([["instances", cpu]]),
    clockwork: null,
  };
}

for (
  const [name, distribution, expectedMs] of [
    ["none", constant(0), 0],
    ["always 2 ms", constant(2), 2],
    ["always 8 ms", constant(8), 8],
    ["exponential, 2 ms", { kind: "exponential", mean: 2 }, 2],
    ["exponential, 4 ms", { kind: "exponential", mean: 4 }, 4],
    ["exponential, 8 ms", { kind: "exponential", mean: 8 }, 8],
  ] as const
) {
  Deno.test(`twin parameters: the wait for a turn is found again: ${name}`, async () => {
    const { nodeCores, wakeUpMs } = await observe(distribution);
    assert.ok(Math.abs(nodeCores! - CORES) < 0.05, `${nodeCores} cores`);
    const differenceMs = Math.abs(wakeUpMs - expectedMs);
    assert.ok(differenceMs <= Math.max(0.1, 0.1 * expectedMs), `${wakeUpMs}, not ${expectedMs}`);
  });
}

Deno.test("twin parameters: no wait is made up where it is not known what the functions had", async () => {
  assert.equal((await observe(constant(8), [])).wakeUpMs, 0);
});
