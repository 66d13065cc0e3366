import assert from "node:assert/strict";
import fc from "fast-check";
import { ConcurrencyMeters } from "../../../lib/autoscale/knative/concurrency_meters.ts";
import {
  FunctionScaler,
  type FunctionScalerOptions,
} from "../../../lib/autoscale/knative/function_scaler.ts";
import type { AutoscalerPhases } from "../../../lib/platform/simulator/autoscaler_phases.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import { scheduleOf, simulate, type Simulated } from "./simulated_run.ts";

const REPORT_MS = 1000;
const SCRAPE_MS = 1000;

/** Something that Knative's autoscaler would have seen, in its order at one instant. */
interface Step {
  readonly timeMs: number;
  readonly kind: "leave" | "ready" | "report" | "tick" | "arrive" | "scrape";
}

const ORDER: readonly Step["kind"][] = ["leave", "ready", "report", "tick", "arrive", "scrape"];

/** All that happened to one function, on the platform's clock. */
function listSteps(
  { rows, events, scales, runStartMs }: Simulated,
  functionIndex: number,
  tickMs: number,
  phases: AutoscalerPhases,
): readonly Step[] {
  const functionId = `owner/app/f${functionIndex}`;
  const steps: Step[] = [];
  for (const row of rows) {
    if (row.functionIndex !== functionIndex) continue;
    assert.equal(row.outcome, "ok");
    steps.push({ timeMs: row.dispatchedMs + runStartMs, kind: "arrive" });
    steps.push({ timeMs: row.completedMs + runStartMs, kind: "leave" });
  }
  for (const event of events) {
    if (event.functionId !== functionId || event.event !== "ready") continue;
    steps.push({ timeMs: event.timeMs + runStartMs, kind: "ready" });
  }
  let lastMs = 0;
  for (const scale of scales) {
    if (scale.function_id !== functionId) continue;
    lastMs = Math.round(Number(scale.time_ms) + runStartMs);
    steps.push({ timeMs: lastMs, kind: "scrape" });
  }
  for (let t = phases.reportMs; t <= lastMs; t += REPORT_MS) {
    steps.push({ timeMs: t, kind: "report" });
  }
  for (let t = phases.tickMs({ functionId }); t <= lastMs; t += tickMs) {
    steps.push({ timeMs: t, kind: "tick" });
  }
  return steps.sort((a, b) => a.timeMs - b.timeMs || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

/** The scales that the pure policy wants at each scrape, from the same arrivals and starts. */
function replay(steps: readonly Step[], options: FunctionScalerOptions, clockMs: number) {
  const scaler = new FunctionScaler({ ...options, initialReady: 0, createdMs: clockMs });
  const meter = new ConcurrencyMeters(1, 0);
  const scales: { desired: number; actual: number }[] = [];
  let desired = 0;
  let ready = 0;
  let starting = 0;
  const apply = (decided: number) => {
    desired = decided;
    const surplus = Math.max(0, ready + starting - desired);
    const unstarted = Math.min(surplus, starting);
    starting -= unstarted;
    ready -= surplus - unstarted;
    starting += Math.max(0, desired - ready - starting);
  };
  for (const { timeMs, kind } of steps) {
    const policyMs = timeMs + clockMs;
    switch (kind) {
      case "leave":
        meter.leave(0, timeMs);
        break;
      case "ready":
        starting--;
        ready++;
        scaler.noteReady(policyMs);
        break;
      case "report":
        scaler.recordConcurrency(policyMs, meter.report(0, timeMs));
        break;
      case "tick":
        apply(scaler.tick(policyMs, ready).desired);
        break;
      case "arrive": {
        const isCounted = meter.isCounted(0);
        meter.arrive(0, timeMs);
        if (!isCounted) apply(scaler.poke(policyMs, ready).desired);
        break;
      }
      case "scrape":
        scales.push({ desired, actual: ready });
    }
  }
  return scales;
}

/** Never at an instant at which something is recorded to happen, but at times at the same. */
const phases: fc.Arbitrary<AutoscalerPhases> = fc.record({
  clockMs: fc.constantFrom(0, 0.5, 400, 999),
  reportMs: fc.constantFrom(0.0625, 333.125, 1000),
  ticksMs: fc.array(fc.constantFrom(0.125, 333.125, 500, 1000), { minLength: 3, maxLength: 3 }),
}).map(({ ticksMs, ...phases }) => ({
  ...phases,
  tickMs: ({ functionId }) => ticksMs[Number(functionId.at(-1))],
}));

const invocations = fc.array(
  fc.record({
    gapMs: fc.oneof(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 120_000 }),
    ),
    functionIndex: fc.nat(2),
    runtimeMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 9000 })),
  }),
  { minLength: 1, maxLength: 80 },
).map((steps) => {
  // Never on a whole second, where the recorded times would not tell the order.
  let scheduledMs = 0.25;
  return steps.map(({ gapMs, ...row }) => ({ ...row, scheduledMs: scheduledMs += gapMs }));
});

Deno.test("simulator: Knative's decisions are the pure policy's on what was recorded", async () => {
  let scaledOut = 0;
  await fc.assert(
    fc.asyncProperty(
      invocations,
      fc.record({
        tickMs: fc.constantFrom(1000, 2000),
        stableWindowMs: fc.constantFrom(10_000, 60_000),
        scaleToZeroGraceMs: fc.constantFrom(0, 30_000),
        maxScale: fc.constantFrom(0, 3),
        panicThreshold: fc.constantFrom(2, 10),
      }),
      fc.constantFrom(3.5, 150.5, 2100.5),
      phases,
      async (invocations, autoscaling, startMs, phases) => {
        const last = invocations.at(-1)!.scheduledMs;
        const simulated = await simulate({
          schedule: scheduleOf(3, invocations, Math.ceil(last) + 150_000),
          options: {
            networkMs: constant(0),
            startMs: constant(startMs),
            startUsesCpu: false,
            // Room for everybody.
            nodeCores: 1000,
            nodeMemoryMib: 1e6,
            queueTimeoutMs: 3_600_000,
            scrapeIntervalMs: SCRAPE_MS,
            autoscaling,
            phases,
          },
          scrapes: true,
        });
        for (const functionIndex of [0, 1, 2]) {
          const steps = listSteps(simulated, functionIndex, autoscaling.tickMs, phases);
          const expected = replay(steps, autoscaling, phases.clockMs);
          const recorded = simulated.scales
            .filter(({ function_id }) => function_id === `owner/app/f${functionIndex}`)
            .map((row) => ({ desired: row.desired_scale, actual: row.actual_scale }));
          assert.deepEqual(recorded, expected);
          if (expected.some(({ desired }) => desired > 1)) scaledOut++;
        }
      },
    ),
    { seed: 9, numRuns: 150 },
  );
  assert.ok(scaledOut > 50, `only ${scaledOut} functions had more than one instance`);
});
