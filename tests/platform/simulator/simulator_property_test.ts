import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outcome } from "../../../lib/model/record.ts";
import { constant, type Distribution } from "../../../lib/platform/simulator/distribution.ts";
import { PLACEMENTS } from "../../../lib/platform/simulator/placement.ts";
import { POLICY_NAMES } from "../../../lib/platform/simulator/policies.ts";
import {
  CPU_MODELS,
  type SimulatorOptions,
} from "../../../lib/platform/simulator/simulator_options.ts";
import { scheduleOf, simulate, type Simulation } from "./simulated_run.ts";

const MOST_FUNCTIONS = 5;

const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  fc.integer({ min: 0, max: 3000 }).map(constant),
  fc.integer({ min: 1, max: 2000 }).map((mean) => ({ kind: "exponential", mean }) as const),
  fc.integer({ min: 1, max: 2000 }).map((median) =>
    ({ kind: "log-normal", median, sigma: 0.5 }) as const
  ),
);

/** Bursts and long silences: gaps of milliseconds, seconds and minutes. */
const gapMs = fc.oneof(
  fc.integer({ min: 0, max: 50 }),
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 150_000 }),
);

const invocations = fc.array(
  fc.record({
    gapMs,
    functionIndex: fc.nat(MOST_FUNCTIONS - 1),
    runtimeMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 20_000 })),
  }),
  { maxLength: 60 },
).map((steps) => {
  let scheduledMs = 0;
  return steps.map(({ gapMs, ...row }) => ({ ...row, scheduledMs: scheduledMs += gapMs }));
});

const options: fc.Arbitrary<SimulatorOptions> = fc.record({
  nodes: fc.integer({ min: 1, max: 3 }),
  nodeCores: fc.constantFrom(0.5, 1, 4),
  nodeMemoryMib: fc.constantFrom(100, 300, 4096),
  placement: fc.constantFrom(...PLACEMENTS),
  cpu: fc.constantFrom(...CPU_MODELS),
  cpuLimitCores: fc.constantFrom(0.5, 1),
  cpuOvercommit: fc.constantFrom(1, 4),
  startsAtOnce: fc.constantFrom(null, 1),
  maxInstances: fc.constantFrom(null, 2),
  containerConcurrency: fc.constantFrom(1, 1, 3),
  schedulingMs: distribution,
  imageMs: distribution,
  imageCache: fc.boolean(),
  startMs: distribution,
  startUsesCpu: fc.boolean(),
  stopMs: distribution,
  networkMs: fc.oneof(fc.constantFrom(constant(0), constant(0.25)), distribution),
  serviceFactor: fc.constantFrom(constant(1), { kind: "exponential", mean: 1 } as const),
  wakeUpMs: fc.constantFrom(
    constant(0),
    constant(7),
    { kind: "exponential", mean: 40 } as const,
    constant(5000),
  ),
  queueTimeoutMs: fc.constantFrom(500, 60_000),
  autoscaling: fc.record({
    stableWindowMs: fc.constantFrom(10_000, 60_000),
    tickMs: fc.constantFrom(500, 2000, 3700),
    scaleToZeroGraceMs: fc.constantFrom(0, 30_000),
    minScale: fc.constantFrom(0, 0, 1),
    maxScale: fc.constantFrom(0, 1, 4),
    targetUtilization: fc.constantFrom(0.7, 1),
    algorithm: fc.constantFrom("linear", "weighted-exponential"),
    scaleDownDelayMs: fc.constantFrom(0, 20_000),
    targetBurstCapacity: fc.constantFrom(-1, 10),
  }, { requiredKeys: ["maxScale"] }),
}, { requiredKeys: ["nodes", "autoscaling"] }).map((options) =>
  // An instance must fit a node.
  options.cpu === "dedicated" ? { ...options, cpuLimitCores: 0.5 } : options
);

const simulation: fc.Arbitrary<Simulation> = fc.record({
  invocations,
  options,
  initialScales: fc.array(fc.constantFrom(0, 0, 1), { maxLength: MOST_FUNCTIONS }),
  timeoutMs: fc.constantFrom(3000, 120_000),
  drainMs: fc.constantFrom(0, 10_000, 300_000),
  maxInFlight: fc.constantFrom(3, 1000),
}).map(({ invocations, options, initialScales, ...rest }) => ({
  ...rest,
  options,
  schedule: scheduleOf(
    MOST_FUNCTIONS,
    invocations,
    (invocations.at(-1)?.scheduledMs ?? 0) + 1,
  ),
  // Where they have room together, so that the deployment is accepted.
  specs: options.maxInstances === 2 || options.cpu === "dedicated" ||
      (options.nodeMemoryMib ?? 0) < 4096
    ? []
    : initialScales.map((initialScale) => ({ initialScale })),
}));

const policy = fc.constantFrom(...POLICY_NAMES);

Deno.test("simulator: every scheduled invocation has exactly one outcome, whatever the setting", async () => {
  const seen = new Set<Outcome>();
  await fc.assert(
    fc.asyncProperty(simulation, policy, async (simulation, policy) => {
      const { rows, events, result } = await simulate({
        ...simulation,
        options: { ...simulation.options, policy },
      });
      const scheduled = [...simulation.schedule.chunks()].reduce(
        (sum, chunk) => sum + chunk.scheduledMs.length,
        0,
      );
      assert.deepEqual(
        rows.map(({ index }) => index).sort((a, b) => a - b),
        Array.from({ length: scheduled }, (_, i) => i),
      );
      const counted = Object.values(result.outcomes).reduce((sum, count) => sum + count, 0);
      assert.equal(counted, scheduled);
      const created = new Set(
        events.filter(({ event }) => event === "created").map(({ instance }) => instance),
      );
      const gone = new Set(
        events.filter(({ event }) => event === "gone").map(({ instance }) => instance),
      );
      assert.deepEqual(gone, created, "no instance is left");
      const cold = new Map<string, number>();
      for (const row of rows) {
        seen.add(row.outcome);
        assert.ok(!(row.completedMs < row.dispatchedMs));
        if (row.outcome !== "ok") continue;
        assert.ok(created.has(row.instance!));
        if (row.coldStart) cold.set(row.instance!, (cold.get(row.instance!) ?? 0) + 1);
      }
      assert.ok([...cold.values()].every((count) => count === 1), "one cold invocation each");
    }),
    { seed: 5, numRuns: 300 },
  );
  for (const outcome of ["ok", "timed_out", "rejected", "dropped"] as const) {
    assert.ok(seen.has(outcome), `no invocation was ${outcome}`);
  }
});

Deno.test("simulator: an instance never serves more at a time than it may, nor before it is ready", async () => {
  await fc.assert(
    fc.asyncProperty(simulation, policy, async (simulation, policy) => {
      const options = { ...simulation.options, policy, networkMs: constant(0) };
      const { rows, events } = await simulate({ ...simulation, options });
      const readyMs = new Map(
        events.filter(({ event }) => event === "ready")
          .map(({ instance, timeMs }) => [instance, timeMs]),
      );
      const served = Map.groupBy(
        rows.filter(({ outcome }) => outcome === "ok"),
        ({ instance }) => instance!,
      );
      for (const [instance, calls] of served) {
        const steps = calls.flatMap((row) => [
          [row.completedMs - row.servedRuntimeMs, 1] as const,
          [row.completedMs, -1] as const,
        ]).sort(([a, x], [b, y]) => Math.abs(a - b) < 1e-6 ? x - y : a - b);
        assert.ok(steps[0][0] >= readyMs.get(instance)! - 1e-6);
        let inService = 0;
        for (const [, step] of steps) {
          inService += step;
          assert.ok(inService <= (options.containerConcurrency ?? 1));
        }
      }
    }),
    { seed: 6, numRuns: 200 },
  );
});

Deno.test("simulator: the same seed gives the same of everything", async () => {
  await fc.assert(
    fc.asyncProperty(simulation, policy, async (simulation, policy) => {
      const again = () =>
        simulate({
          ...simulation,
          scrapes: true,
          options: { ...simulation.options, policy, scrapeIntervalMs: 5000 },
        });
      assert.deepEqual(await again(), await again());
    }),
    { seed: 7, numRuns: 50 },
  );
});

/** One function around its turning points: at zero, steady at one, a little more than one. */
const restless: fc.Arbitrary<Simulation> = fc.record({
  steps: fc.array(
    fc.record({
      gapMs: fc.oneof(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 7000, max: 14_000 }),
      ),
      runtimeMs: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 200, max: 2500 })),
    }),
    { minLength: 5, maxLength: 40 },
  ),
  tickMs: fc.constantFrom(500, 1000, 2000),
  scaleToZeroGraceMs: fc.constantFrom(0, 2000),
  targetUtilization: fc.constantFrom(1, 0.7),
  panicThreshold: fc.constantFrom(2, 10),
  startMs: fc.constantFrom(0, 100, 1500).map(constant),
  containerConcurrency: fc.constantFrom(1, 1, 2),
}).map(({ steps, startMs, containerConcurrency, ...autoscaling }) => {
  let scheduledMs = 0;
  const invocations = steps.map(({ gapMs, runtimeMs }) => ({
    scheduledMs: scheduledMs += gapMs,
    runtimeMs,
  }));
  return {
    schedule: scheduleOf(1, invocations, scheduledMs + 40_000),
    options: {
      startMs,
      containerConcurrency,
      autoscaling: { ...autoscaling, stableWindowMs: 10_000, maxScale: 0 },
    },
  };
});

/**
 * So many requests at the same time for so long, one such level after the other: what a
 * panic begins and ends with.
 */
const surges: fc.Arbitrary<Simulation> = fc.record({
  levels: fc.array(
    fc.record({
      requests: fc.nat(12),
      lastsMs: fc.oneof(
        fc.integer({ min: 100, max: 2000 }),
        fc.integer({ min: 2000, max: 25_000 }),
      ),
    }),
    { minLength: 2, maxLength: 8 },
  ),
  stableWindowMs: fc.constantFrom(10_000, 30_000),
  maxScale: fc.constantFrom(0, 3),
  algorithm: fc.constantFrom("linear" as const, "weighted-exponential" as const),
  // Several at a time on cores of their own: a surge is over as soon as it may be.
  containerConcurrency: fc.constantFrom(1, 12),
}).map(({ levels, containerConcurrency, ...autoscaling }) => {
  let fromMs = 0;
  const invocations = levels.flatMap(({ requests, lastsMs }) => {
    const row = { scheduledMs: fromMs, runtimeMs: lastsMs };
    fromMs += lastsMs;
    return Array.from({ length: requests }, () => row);
  });
  return {
    schedule: scheduleOf(1, invocations, fromMs + 1),
    options: {
      nodeCores: 64,
      cpuLimitCores: 16,
      containerConcurrency,
      startMs: constant(300),
      autoscaling: { ...autoscaling, targetUtilization: 1, targetBurstCapacity: -1 },
    },
  };
});

Deno.test("simulator: ticks that are left out change nothing", async () => {
  let ticksMatter = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(simulation, restless, surges, surges), async (simulation) => {
      const run = (skipsIdleTicks: boolean) =>
        simulate({
          ...simulation,
          scrapes: true,
          options: { ...simulation.options, skipsIdleTicks, scrapeIntervalMs: 1700 },
        });
      const [skipping, ticking] = [await run(true), await run(false)];
      assert.deepEqual(skipping, ticking);
      if (ticking.events.some(({ event }) => event === "stopping")) ticksMatter++;
    }),
    { seed: 8, numRuns: 800 },
  );
  assert.ok(ticksMatter > 400, "in most of them something is scaled");
});
