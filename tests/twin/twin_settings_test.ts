import assert from "node:assert/strict";
import { parseTwinFacts } from "../../lib/analyze/twin/facts.ts";
import type { TwinParameters } from "../../lib/analyze/twin/parameters.ts";
import type { RunManifest } from "../../lib/store/schema/manifest.ts";
import { settleSimulatorOptions } from "../../lib/platform/simulator/simulator_options.ts";
import { derivePhases, deriveTurnMs, deriveTwinSettings } from "../../lib/twin/twin_settings.ts";

function factsOf(given: Record<string, unknown>) {
  const facts = {
    capacity: { instances: 100, cpuMilli: 1900, memoryMib: 8000, instanceOverheadMib: 0 },
    autoscaling: { scaleToZeroGraceMs: 10_000 },
    nodes: 2,
    nodeCores: 4,
    ...given,
  };
  return parseTwinFacts({ platform: { name: "p", facts } } as unknown as RunManifest);
}

const PARAMETERS: TwinParameters = {
  nodeCores: null,
  reactionMs: null,
  startMs: null,
  stopMs: null,
  serviceFactor: 1,
  serviceOverheadMs: null,
  wakeUpMs: 0,
  networkMs: null,
  calls: 0,
  starts: 0,
};

/** What a node has to be requested, and to compute. */
function coresOf(given: Record<string, unknown>, parameters: Partial<TwinParameters> = {}) {
  const options = deriveTwinSettings(factsOf(given), { ...PARAMETERS, ...parameters });
  const { nodeCores, cpuOvercommit } = settleSimulatorOptions(options);
  return { options, nodeCores, requestable: nodeCores * cpuOvercommit };
}

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`);
}

Deno.test("twin settings: cores that are not told apart are enough, and requests stay bounded", () => {
  for (const cpuMilli of [1, 1900, 400_000_000]) {
    const capacity = { instances: 100, cpuMilli, memoryMib: 8000, instanceOverheadMib: 0 };
    const { options, nodeCores, requestable } = coresOf({ capacity });
    assertNear(requestable, Math.max(0.001, cpuMilli / 2000));
    assert.ok(nodeCores >= Math.min(50_000, 1000 * requestable) * 0.999, `${nodeCores}`);
    assert.equal(options.startUsesCpu, false);
  }
  const unbounded = { instances: null, cpuMilli: null, memoryMib: null, instanceOverheadMib: 0 };
  assertNear(coresOf({ capacity: unbounded }).requestable, 25_000);
});

Deno.test("twin settings: cores that are told apart are shared", () => {
  const { options, nodeCores, requestable } = coresOf({}, { nodeCores: 1.5 });
  assert.equal(nodeCores, 1.5);
  assertNear(requestable, 0.95);
  assert.equal(options.startUsesCpu, true);
});

Deno.test("twin settings: no bound on concurrency is as many as the simulator takes", () => {
  const { options } = coresOf({ containerConcurrency: 0 });
  assert.equal(settleSimulatorOptions(options).containerConcurrency, 100_000);
  assert.equal(coresOf({}).options.containerConcurrency, 1);
});

Deno.test("twin settings: a grace that passes while a function serves is waited for no more", () => {
  const graceOf = (given: Record<string, unknown>) =>
    coresOf(given).options.autoscaling!.scaleToZeroGraceMs;
  assert.equal(graceOf({ graceIsPassed: true }), 0);
  assert.equal(graceOf({}), 10_000);
});

Deno.test("twin settings: a platform without nodes has one, and no room", () => {
  const capacity = { instances: 0, cpuMilli: 0, memoryMib: 0, instanceOverheadMib: 0 };
  const { options } = coresOf({ nodes: 0, nodeCores: null, capacity });
  assert.equal(options.nodes, 1);
  assert.equal(options.nodeInstances, 0);
});

Deno.test("twin: the phases are those that were recorded, on the autoscaler's clock", () => {
  const facts = factsOf({ autoscaling: { tickMs: 2000 }, reportMs: 1000 });
  const phases = derivePhases(facts, {
    atRunStartMs: 7000,
    reportsMs: [5123, 6120.5, 7125],
    ticksMs: new Map([["a", [6000]], ["b", [7250, 9251]]]),
  })!;
  assert.equal(phases.clockMs, 0);
  assert.equal(phases.reportMs, 120.5);
  assert.deepEqual(["a", "b"].map((functionId) => phases.tickMs({ functionId })), [2000, 1250]);
  assert.equal(derivePhases(facts, null), null);
});

Deno.test("twin: a clockwork is where it was after a common multiple of its periods", () => {
  const turnOf = (tickMs: number, reportMs: number) =>
    deriveTurnMs(factsOf({ autoscaling: { tickMs }, reportMs }));
  assert.equal(turnOf(2000, 1000), 2000);
  assert.equal(turnOf(300, 500), 3000);
  assert.equal(turnOf(7, 1000), 7000);
});
