import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import { POLICY_NAMES } from "../../../lib/platform/simulator/policies.ts";
import { scheduleOf, simulate, type Simulated } from "./simulated_run.ts";

const MINUTE_MS = 60_000;

const KEEP_ALIVE_POLICIES = POLICY_NAMES.filter((name) => name !== "knative");

function created({ events }: Simulated): number {
  return events.filter(({ event }) => event === "created").length;
}

function cold({ rows }: Simulated): number {
  return rows.filter(({ coldStart }) => coldStart).length;
}

/** Calls at random of functions that nodes have no room for at the same time. */
function crowd(functions: number, calls: number, meanGapMs: number) {
  const rng = Rng.fromSeed(3, "crowd");
  let scheduledMs = 0;
  return Array.from({ length: calls }, () => ({
    scheduledMs: scheduledMs += Math.round(rng.nextFloat() * 2 * meanGapMs),
    functionIndex: rng.nextBelow(functions),
    runtimeMs: 1 + rng.nextBelow(2000),
  }));
}

Deno.test("eviction: no instance goes for another of the same function", async () => {
  const calls = 200;
  const pairs = Array.from({ length: calls }, (_, i) => ({
    scheduledMs: 6000 * Math.floor(i / 2),
    runtimeMs: 5500,
  }));
  // All that know no future; the second pair waits for the first, whose start took a second.
  for (const policy of ["fixed-10min", "greedy-dual", "little-prewarm"]) {
    const simulated = await simulate({
      schedule: scheduleOf(1, pairs, 3000 * calls),
      options: { policy, nodeInstances: 2, startMs: constant(1000) },
    });
    assert.equal(cold(simulated), 2, policy);
    assert.equal(created(simulated), 2, policy);
  }
});

Deno.test("eviction: a start that was for a request that another instance took evicts nothing", async () => {
  // The second call of function 0 waits for room, and is served by the instance of the first.
  const { rows, events } = await simulate({
    schedule: scheduleOf(2, [
      { functionIndex: 1, runtimeMs: 3000 },
      { functionIndex: 0, runtimeMs: 1000 },
      { functionIndex: 0, runtimeMs: 5000, scheduledMs: 100 },
      { functionIndex: 1, runtimeMs: 10, scheduledMs: 4000 },
    ], 10_000),
    options: {
      policy: "fixed-10min",
      nodeInstances: 2,
      networkMs: constant(0),
      startMs: constant(0),
    },
  });
  assert.equal(events.filter(({ event }) => event === "created").length, 2);
  assert.equal(rows.find(({ index }) => index === 3)!.coldStart, false);
});

Deno.test("eviction: a bound of all instances evicts as one of the node does", async () => {
  const schedule = scheduleOf(12, crowd(12, 400, 2000), 30 * MINUTE_MS);
  for (const policy of KEEP_ALIVE_POLICIES) {
    for (const stopMs of [constant(0), constant(300)]) {
      const options = { policy, stopMs, nodeCores: 64 };
      const ofNode = await simulate({ schedule, options: { ...options, nodeInstances: 5 } });
      const ofAll = await simulate({ schedule, options: { ...options, maxInstances: 5 } });
      assert.ok(ofNode.rows.every(({ outcome }) => outcome === "ok"), policy);
      assert.deepEqual(ofAll.rows, ofNode.rows, policy);
      assert.deepEqual(ofAll.events, ofNode.events, policy);
    }
  }
});

Deno.test("eviction: at the bound of all instances the lowest of all nodes goes", async () => {
  const { rows, events } = await simulate({
    schedule: scheduleOf(
      4,
      [0, 1, 2, 0, 3].map((functionIndex, i) => ({ functionIndex, scheduledMs: 1000 * i })),
      10_000,
    ),
    options: { policy: "fixed-10min", nodes: 2, maxInstances: 3 },
  });
  assert.ok(rows.every(({ outcome }) => outcome === "ok"));
  const [stopped] = events.filter(({ event }) => event === "stopping");
  assert.equal(stopped.functionId, "owner/app/f1");
});

Deno.test("eviction: instances to keep do not push one another out where there is no room for all", async () => {
  const calls = 240;
  const simulated = await simulate({
    schedule: scheduleOf(
      6,
      Array.from({ length: calls }, (_, i) => ({
        functionIndex: i % 6,
        scheduledMs: 15_000 * i,
      })),
      15_000 * calls,
    ),
    options: { policy: "little-prewarm", nodeInstances: 3 },
  });
  assert.ok(simulated.rows.every(({ outcome }) => outcome === "ok"));
  assert.ok(created(simulated) <= calls, `${created(simulated)} starts for ${calls} calls`);
});

Deno.test("eviction: a start ahead that finds no room keeps nobody from theirs", async () => {
  // Little-prewarm wants more instances of the large function than there is memory for.
  const large = Array.from({ length: 100 }, (_, i) => ({
    scheduledMs: 3000 * Math.floor(i / 2),
    runtimeMs: 2900,
  }));
  const small = Array.from({ length: 5 }, (_, i) => ({
    functionIndex: 1,
    scheduledMs: 20_000 + 20_000 * i,
  }));
  const { rows } = await simulate({
    schedule: scheduleOf(2, [...large, ...small], 150_000),
    specs: [{ memoryRequestMib: 400 }, { memoryRequestMib: 50 }],
    options: { policy: "little-prewarm", nodeMemoryMib: 1000, instanceOverheadMib: 0 },
  });
  const ofSmall = rows.filter(({ functionIndex }) => functionIndex === 1);
  assert.ok(ofSmall.every(({ completedMs, scheduledMs }) => completedMs - scheduledMs < 1000));
});
