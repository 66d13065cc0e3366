import assert from "node:assert/strict";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import type { ScheduledInvocation } from "../../support/schedules.ts";
import { scheduleOf, simulate, type Simulation } from "./simulated_run.ts";

const ONE_CORE: SimulatorOptions = {
  nodeCores: 1,
  cpuOvercommit: 10,
  startMs: constant(0),
  networkMs: constant(0),
};

/** Response and served runtime of each call, by its index; every function has an instance ready. */
async function times(
  invocations: readonly Partial<ScheduledInvocation>[],
  options: SimulatorOptions,
  more: Partial<Simulation> = {},
) {
  const functions = 1 + Math.max(...invocations.map(({ functionIndex = 0 }) => functionIndex));
  const { rows } = await simulate({
    schedule: scheduleOf(functions, invocations, 1000),
    specs: Array.from({ length: functions }, () => ({ initialScale: 1 })),
    options: { ...ONE_CORE, ...options },
    ...more,
  });
  return rows.toSorted((a, b) => a.index - b.index).map((row) => ({
    outcome: row.outcome,
    responseMs: Math.round(row.completedMs - row.scheduledMs),
    servedMs: Math.round(row.servedRuntimeMs),
  }));
}

const LONG = { scheduledMs: 0, functionIndex: 0, runtimeMs: 100 };
const SHORT = { scheduledMs: 10, functionIndex: 1, runtimeMs: 5 };

Deno.test("run queue: who wakes up waits for those before it, and takes nothing meanwhile", async () => {
  const wakeUpMs = constant(20);
  // 20 ms for the one before, then 5 ms by halves; the other is alone but in those 10 ms.
  assert.deepEqual(await times([LONG, SHORT], { wakeUpMs }), [
    { outcome: "ok", responseMs: 105, servedMs: 105 },
    { outcome: "ok", responseMs: 30, servedMs: 10 },
  ]);
  // The third has two before it, of which one waits: 40 ms.
  const third = { scheduledMs: 12, functionIndex: 2, runtimeMs: 5 };
  const [, , { responseMs }] = await times([LONG, SHORT, third], { wakeUpMs });
  assert.equal(responseMs, 50);
});

Deno.test("run queue: where a core is free nobody waits", async () => {
  const options = { wakeUpMs: constant(20), nodeCores: 2 };
  assert.deepEqual(await times([LONG, SHORT], options), [
    { outcome: "ok", responseMs: 100, servedMs: 100 },
    { outcome: "ok", responseMs: 5, servedMs: 5 },
  ]);
  assert.deepEqual(await times([SHORT], { wakeUpMs: constant(20), nodeCores: 0.5 }), [
    { outcome: "ok", responseMs: 10, servedMs: 10 },
  ]);
});

Deno.test("run queue: no core is idle while somebody waits", async () => {
  assert.deepEqual(await times([LONG, SHORT], { wakeUpMs: constant(1000) }), [
    { outcome: "ok", responseMs: 100, servedMs: 100 },
    { outcome: "ok", responseMs: 95, servedMs: 5 },
  ]);
});

Deno.test("run queue: who gives up while it waits makes room", async () => {
  const calls = await times(
    [
      // Its instance starts, which takes the core all the time.
      { scheduledMs: 0, functionIndex: 0 },
      // The second of these would wait for two, and has no time for that.
      { scheduledMs: 10, functionIndex: 1, runtimeMs: 1 },
      { scheduledMs: 11, functionIndex: 2, runtimeMs: 1 },
      { scheduledMs: 60, functionIndex: 2, runtimeMs: 1 },
    ],
    { wakeUpMs: constant(20), startMs: constant(500) },
    { timeoutMs: 25, specs: [{ initialScale: 0 }, { initialScale: 1 }, { initialScale: 1 }] },
  );
  assert.deepEqual(calls.map(({ outcome }) => outcome), ["timed_out", "ok", "timed_out", "ok"]);
  assert.deepEqual([calls[1].responseMs, calls[3].responseMs], [22, 22]);
});

Deno.test("run queue: an instance that serves several lets each wait for its own turn", async () => {
  const options = { wakeUpMs: constant(20), containerConcurrency: 2 };
  const calls = await times([LONG, { ...SHORT, functionIndex: 0 }], options);
  assert.deepEqual(calls, [
    { outcome: "ok", responseMs: 105, servedMs: 105 },
    { outcome: "ok", responseMs: 30, servedMs: 10 },
  ]);
});
