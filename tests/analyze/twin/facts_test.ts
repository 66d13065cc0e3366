import assert from "node:assert/strict";
import { parseTwinFacts } from "../../../lib/analyze/twin/facts.ts";
import type { RunManifest } from "../../../lib/store/schema/manifest.ts";

/** As a platform with nodes tells them. */
const FACTS = {
  capacity: { instances: 100, cpuMilli: 1900, memoryMib: 8000, instanceOverheadMib: 0 },
  autoscaling: { stableWindowMs: 10_000, targetBurstCapacity: -1 },
};

function manifestOf(facts: Record<string, unknown>): RunManifest {
  return { platform: { name: "knative", facts } } as unknown as RunManifest;
}

Deno.test("twin facts: what a platform does not know is null, told or not", () => {
  const told = parseTwinFacts(
    manifestOf({ ...FACTS, nodes: null, nodeCores: null, cpuLimitCores: null }),
  );
  assert.deepEqual(told, parseTwinFacts(manifestOf(FACTS)));
  assert.deepEqual([told.nodes, told.nodeCores, told.cpuLimitCores], [null, null, null]);
  assert.equal(told.queueTimeoutMs, null);
  assert.equal(told.nodesAreShared, false);
  assert.equal(told.graceIsPassed, false);
  assert.equal(told.instanceOverheadCpuMilli, 0);
});

Deno.test("twin facts: other facts of a manifest do no harm, and bounds stay", () => {
  const facts = parseTwinFacts(
    manifestOf({ ...FACTS, containerConcurrency: 0, template: { kind: "Service" }, notes: [] }),
  );
  assert.equal(facts.containerConcurrency, 0);
  assert.deepEqual(facts.autoscaling, FACTS.autoscaling);
});

Deno.test("twin facts: no twin where the autoscaler goes by what the simulated one does not", () => {
  assert.equal(
    parseTwinFacts(manifestOf({ ...FACTS, scalingMetric: "concurrency" })).scalingMetric,
    "concurrency",
  );
  assert.throws(
    () => parseTwinFacts(manifestOf({ ...FACTS, scalingMetric: "rps" })),
    /knative went by rps, .* make the run with --scaling-metric concurrency/,
  );
});

Deno.test("twin facts: no twin where functions were not there, whose calls failed", () => {
  const notThere = [{ name: "trace-func-0", failure: "no image" }];
  assert.throws(() => parseTwinFacts(manifestOf({ ...FACTS, notThere })), /1 functions were not/);
  parseTwinFacts(manifestOf({ ...FACTS, notThere: [] }));
});

Deno.test("twin facts: what is missing is named", () => {
  assert.throws(() => parseTwinFacts(manifestOf({ capacity: FACTS.capacity })), /autoscaling/);
});
