import assert from "node:assert/strict";
import fc from "fast-check";
import type { InstanceLife } from "../../../lib/analyze/instance_life.ts";
import {
  deriveInstanceTimes,
  sumMemoryTime,
  wastedMibS,
} from "../../../lib/analyze/memory_time.ts";
import { KeepAliveDefaults } from "../../../lib/autoscale/keep_alive/keep_alive_policy.ts";
import type { InstanceEvent } from "../../../lib/model/platform.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import { POLICY_NAMES, type PolicyFactory } from "../../../lib/platform/simulator/policies.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import { createSimulatorPlatform } from "../../../lib/platform/simulator/simulator_platform.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { scheduleOf, simulate, type Simulation } from "./simulated_run.ts";

const FUNCTIONS = 3;

/** Cores and memory for everything, and no chance: where the oracle's bound holds. */
const AMPLE: SimulatorOptions = {
  nodeCores: 10_000,
  nodeMemoryMib: 1e9,
  nodeInstances: 10_000,
  autoscaling: { maxScale: 0 },
};

/** What an arrival may cost beyond the plan: its slack of half a microsecond at either end. */
const STEP_MS = 2e-3;

/** Starts an instance for each arrival and lets it go after it: never cold, and wasteful. */
const startForEach: PolicyFactory = async ({ deriveArrivals, coldStartMs }) => {
  const { arrivalsMs } = await deriveArrivals();
  return new (class extends KeepAliveDefaults {
    readonly name = "start-for-each";
    keepUntilMs = (_functionIndex: number, nowMs: number): number => nowMs + 1;
    override plannedStartsMs(index: number): Float64Array {
      return arrivalsMs[index].map((arrivalMs) => arrivalMs - coldStartMs[index] - 0.5);
    }
  })();
};

/** Has as many instances of a function as arrivals from the beginning, and keeps them. */
const keepAll: PolicyFactory = async ({ deriveArrivals }) => {
  const { arrivalsMs } = await deriveArrivals();
  return new (class extends KeepAliveDefaults {
    readonly name = "keep-all";
    keepUntilMs = (): number => Infinity;
    override plannedStartsMs(index: number): Float64Array {
      return arrivalsMs[index].map(() => -1000);
    }
  })();
};

/** What a run came to: cold invocations, and the memory-time in which nothing was served. */
async function measure(
  simulation: Simulation,
): Promise<{ readonly cold: number; readonly wasted: number }> {
  const { rows, events } = await simulate(simulation);
  assert.ok(rows.every(({ outcome }) => outcome === "ok"));
  const idOf = (index: number) => functionSpec(index).functionId;
  const instances = [...new Set(rows.map(({ index, instance }) => instance ?? `${index}`))];
  const services = {
    count: rows.length,
    functionIds: Array.from({ length: FUNCTIONS }, (_, i) => idOf(i)),
    functionCode: Int32Array.from(rows, ({ functionIndex }) => functionIndex),
    instances,
    instanceCode: Int32Array.from(
      rows,
      ({ index, instance }) => instances.indexOf(instance ?? `${index}`),
    ),
    completedMs: Float64Array.from(rows, ({ completedMs }) => completedMs),
    servedRuntimeMs: Float64Array.from(rows, ({ servedRuntimeMs }) => servedRuntimeMs),
    requestedMemoryMib: Float64Array.from(rows, ({ requestedMemoryMib }) => requestedMemoryMib),
  };
  const span = { fromMs: 0, untilMs: simulation.schedule.durationMs };
  const times = deriveInstanceTimes(livesOf(events), services, span);
  return {
    cold: rows.filter(({ coldStart }) => coldStart).length,
    wasted: wastedMibS(sumMemoryTime(times)!),
  };
}

function livesOf(events: readonly InstanceEvent[]): InstanceLife[] {
  const byInstance = Map.groupBy(events, ({ instance }) => instance);
  return [...byInstance].map(([instance, own]) => {
    const timeOf = (name: InstanceEvent["event"]) =>
      own.find(({ event }) => event === name)?.timeMs ?? NaN;
    return {
      functionId: own[0].functionId,
      instance,
      createdMs: timeOf("created"),
      readyMs: timeOf("ready"),
      stoppedMs: timeOf("stopping"),
      detail: null,
    };
  });
}

const invocations = fc.array(
  fc.record({
    gapMs: fc.oneof(
      fc.constantFrom(0, 1),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 60_000 }),
    ),
    functionIndex: fc.nat(FUNCTIONS - 1),
    runtimeMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 5000 })),
  }),
  { minLength: 1, maxLength: 25 },
).map((steps) => {
  let scheduledMs = 0;
  // Each function always asks for the same memory, which then is that of its instances.
  return steps.map(({ gapMs, functionIndex, runtimeMs }) => ({
    functionIndex,
    runtimeMs,
    memoryMib: 50 * (1 + functionIndex),
    scheduledMs: scheduledMs += gapMs,
  }));
});

// An invocation is cold where its instance became ready after the dispatch, so the network's
// delay is one more thing that a start must be ahead by.
const delays = fc.record({
  startMs: fc.integer({ min: 0, max: 4000 }).map(constant),
  schedulingMs: fc.integer({ min: 0, max: 500 }).map(constant),
  networkMs: fc.constantFrom(0, 0.25, 7).map(constant),
  serviceFactor: fc.constantFrom(1, 1.5).map(constant),
  cpuLimitCores: fc.constantFrom(1, 0.5),
});

Deno.test("simulator: no policy has fewer cold starts than the oracle, nor wastes less without any", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(invocations, delays, async (invocations, delays) => {
      const durationMs = invocations[invocations.length - 1].scheduledMs + 10_000;
      const schedule = scheduleOf(FUNCTIONS, invocations, durationMs);
      const invoked = new Set(invocations.map(({ functionIndex }) => functionIndex));
      const measured = (options: SimulatorOptions, initialScale = 0) =>
        measure({
          schedule,
          specs: Array.from(
            { length: FUNCTIONS },
            (_, i) => ({ initialScale: invoked.has(i) ? initialScale : 0 }),
          ),
          options: { ...AMPLE, ...delays, ...options },
        });
      const oracle = await measured({ policy: "oracle" });
      assert.equal(oracle.cold, 0);
      const slack = STEP_MS * invocations.length * 150 / 1000;
      const others: (readonly [SimulatorOptions, number?])[] = [
        ...POLICY_NAMES.flatMap((policy) => [[{ policy }], [{ policy }, 2]] as const),
        [{ createPolicy: startForEach }],
        [{ createPolicy: keepAll }],
      ];
      for (const other of others) {
        const { cold, wasted } = await measured(...other);
        if (cold > 0) continue;
        assert.ok(oracle.wasted <= wasted + slack, `${oracle.wasted} MiB·s, above ${wasted}`);
        compared++;
      }
    }),
    { seed: 21, numRuns: 25 },
  );
  assert.ok(compared > 90, `only ${compared} others were never cold`);
});

Deno.test("simulator: the oracle begins with what the first arrivals need, and no more", async () => {
  const invocations = [
    { scheduledMs: 10, runtimeMs: 95 },
    { scheduledMs: 100, runtimeMs: 10 },
    { scheduledMs: 5000, runtimeMs: 10 },
  ];
  const { rows, events } = await simulate({
    schedule: scheduleOf(1, invocations, 6000),
    // Its own plan counts, and not what a function asks for.
    specs: [{ initialScale: 7 }],
    options: { policy: "oracle", networkMs: constant(0), startMs: constant(200) },
  });
  assert.ok(rows.every(({ coldStart }) => coldStart === false));
  const timesOf = (name: InstanceEvent["event"]) =>
    events.filter(({ event }) => event === name).map(({ timeMs }) => Math.round(timeMs));
  assert.deepEqual(timesOf("created").map((timeMs) => timeMs < 0), [true, true, false]);
  assert.equal(timesOf("created")[2], 4800);
  assert.deepEqual(timesOf("stopping"), [105, 110, 5010]);
});

Deno.test("simulator: the oracle is refused where the platform does not know the schedule", async () => {
  await using platform = createSimulatorPlatform({ policy: "oracle" });
  await assert.rejects(
    platform.deploy([functionSpec(0)], new AbortController().signal),
    (error) =>
      error instanceof LoaderError && error.code === "usage" && /oracle/.test(error.message),
  );
});
