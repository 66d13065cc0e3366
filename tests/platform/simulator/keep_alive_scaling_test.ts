import assert from "node:assert/strict";
import fc from "fast-check";
import { KeepAliveDefaults } from "../../../lib/autoscale/keep_alive/keep_alive_policy.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import { VirtualClock } from "../../../lib/clock/virtual_clock.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import { KeepAliveScaling } from "../../../lib/platform/simulator/keep_alive_scaling.ts";
import { POLICY_NAMES } from "../../../lib/platform/simulator/policies.ts";
import {
  SimulatedFunction,
  type SimulatedInstance,
} from "../../../lib/platform/simulator/simulated_function.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import { SlotLinks } from "../../../lib/platform/simulator/slot_list.ts";
import { scheduleOf, simulate } from "./simulated_run.ts";

/** Nothing takes time but the runtimes. */
const AT_ONCE: SimulatorOptions = {
  networkMs: constant(0),
  schedulingMs: constant(0),
  imageMs: constant(0),
  startMs: constant(0),
  stopMs: constant(0),
};

/** Keeps instances for so long, and starts one ahead so long after the last has gone. */
class KeepAndPrewarm extends KeepAliveDefaults {
  readonly name = "keep-and-prewarm";
  readonly calls: string[] = [];

  constructor(readonly keepMs: number, readonly prewarmMs: number) {
    super();
  }

  keepUntilMs(functionIndex: number, nowMs: number): number {
    this.calls.push(`idle ${functionIndex} at ${nowMs}`);
    return nowMs + this.keepMs;
  }

  override onLastGone(functionIndex: number, nowMs: number): void {
    this.calls.push(`gone ${functionIndex} at ${nowMs}`);
  }

  override prewarmAtMs(functionIndex: number, nowMs: number): number {
    this.calls.push(`ask ${functionIndex} at ${nowMs}`);
    return nowMs + this.prewarmMs;
  }
}

Deno.test("keep-alive: time 0 of a policy is the run start, at which what was deployed is idle", async () => {
  const policy = new KeepAndPrewarm(500, NaN);
  const { events } = await simulate({
    schedule: scheduleOf(2, [{ scheduledMs: 100, functionIndex: 1 }], 2000),
    specs: [{ initialScale: 1 }, { initialScale: 1 }],
    options: { ...AT_ONCE, createPolicy: () => policy },
  });
  assert.deepEqual(policy.calls, [
    "idle 0 at 0",
    "idle 1 at 0",
    "idle 1 at 110",
    "gone 0 at 500",
    "ask 0 at 500",
    "gone 1 at 610",
    "ask 1 at 610",
  ]);
  const stopsMs = events.filter(({ event }) => event === "stopping").map(({ timeMs }) => timeMs);
  assert.deepEqual(stopsMs, [500, 610]);
});

Deno.test("keep-alive: who waits for room gets it when the next instance becomes idle", async () => {
  const invocations = [
    { functionIndex: 0, runtimeMs: 3000 },
    { functionIndex: 1, scheduledMs: 1000, runtimeMs: 10 },
  ];
  for (const policy of ["fixed-10min", "greedy-dual"]) {
    const { rows } = await simulate({
      schedule: scheduleOf(2, invocations, 5000),
      options: { ...AT_ONCE, policy, nodeMemoryMib: 100 },
    });
    assert.deepEqual(rows.map(({ completedMs }) => completedMs), [3000, 3010], policy);
  }
});

/** Keeps everything, and notes what it is told of services. */
class Listening extends KeepAliveDefaults {
  readonly name = "listening";
  readonly serviceMs: number[] = [];

  keepUntilMs(): number {
    return Infinity;
  }

  override onCompletion(_functionIndex: number, _nowMs: number, serviceMs: number): void {
    this.serviceMs.push(serviceMs);
  }
}

Deno.test("keep-alive: a policy is told of a service that was broken off, not of a wait", async () => {
  const policy = new Listening();
  const { rows } = await simulate({
    schedule: scheduleOf(2, [
      { functionIndex: 0, runtimeMs: 9000 },
      // Waits for room, which there is none of until it gives up.
      { functionIndex: 1, runtimeMs: 10, scheduledMs: 100 },
      { functionIndex: 0, runtimeMs: 10, scheduledMs: 6000 },
    ], 10_000),
    options: { ...AT_ONCE, nodeInstances: 1, queueTimeoutMs: 1000, createPolicy: () => policy },
    timeoutMs: 5000,
  });
  assert.deepEqual(
    rows.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome),
    ["timed_out", "rejected", "ok"],
  );
  assert.deepEqual(policy.serviceMs, [5000, 10]);
});

Deno.test("keep-alive: a policy is told of the last instance's end also while requests wait", () => {
  const clock = new VirtualClock();
  const owner = new SimulatedFunction({
    index: 0,
    name: "f-0",
    functionId: "owner/app/f0",
    initialScale: 0,
    request: { cpuMilli: 1, memoryMib: 1 },
    key: [1, 2, 3, 4],
    containerConcurrency: 1,
  });
  const policy = new KeepAndPrewarm(0, 1000);
  const target = {
    functions: [owner],
    nodes: [],
    isFull: false,
    scale: () => {},
    retire: () => {},
  };
  const scaling = new KeepAliveScaling(policy, 0, clock, target);
  scaling.beginRun(0);
  owner.queue.append(new SlotLinks(1), 0);
  scaling.onStop({ owner } as SimulatedInstance);
  assert.deepEqual(policy.calls, ["gone 0 at 0"]);
});

Deno.test("keep-alive: a policy that lets go and starts at the same instant is refused", async () => {
  await assert.rejects(
    simulate({
      schedule: scheduleOf(1, [{}], 2000),
      options: { ...AT_ONCE, createPolicy: () => new KeepAndPrewarm(0, 0) },
    }),
    (error) =>
      error instanceof LoaderError && error.code === "platform" &&
      /keep-and-prewarm lets the last instance of f-0 go and starts one/.test(error.message),
  );
});

const FUNCTIONS = 4;

/** Many at one instant, then silence for about as long as policies count in. */
const invocations = fc.array(
  fc.record({
    gapMs: fc.oneof(
      fc.constantFrom(0, 0, 1, 60_000, 600_000, 1_200_000, 1_800_000),
      fc.integer({ min: 0, max: 100_000 }),
    ),
    functionIndex: fc.nat(FUNCTIONS - 1),
    runtimeMs: fc.constantFrom(1, 1000),
  }),
  { minLength: 1, maxLength: 30 },
).map((steps) => {
  let scheduledMs = 0;
  return steps.map(({ gapMs, ...row }) => ({ ...row, scheduledMs: scheduledMs += gapMs }));
});

Deno.test("keep-alive: no policy starts and evicts for ever where neither takes time", async () => {
  const policies = [
    ...POLICY_NAMES.map((policy): SimulatorOptions => ({ policy })),
    { createPolicy: () => new KeepAndPrewarm(0, 60_000) },
  ];
  let evicted = 0;
  await fc.assert(
    fc.asyncProperty(
      invocations,
      fc.constantFrom(...policies),
      fc.constantFrom(100, 200, 300),
      async (invocations, policy, nodeMemoryMib) => {
        const durationMs = invocations[invocations.length - 1].scheduledMs + 1;
        const { rows, events } = await simulate({
          schedule: scheduleOf(FUNCTIONS, invocations, durationMs),
          options: { ...AT_ONCE, ...policy, nodeMemoryMib },
          mostInstanceEvents: 20_000,
        });
        assert.equal(rows.length, invocations.length);
        const atOnce = new Map<number, number>();
        for (const { timeMs, event } of events) {
          if (event === "created") atOnce.set(timeMs, (atOnce.get(timeMs) ?? 0) + 1);
        }
        // One for each arrival, start ahead and place that is given up for another.
        const most = 3 * (invocations.length + FUNCTIONS);
        assert.ok([...atOnce.values()].every((created) => created <= most));
        if (events.some(({ event }) => event === "stopping")) evicted++;
      },
    ),
    { seed: 13, numRuns: 120 },
  );
  assert.ok(evicted > 60, "most let something go");
});
