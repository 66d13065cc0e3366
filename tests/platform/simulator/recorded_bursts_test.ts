import assert from "node:assert/strict";
import type { AutoscalerPhases } from "../../../lib/platform/simulator/autoscaler_phases.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import { readRecordedBursts, type RecordedBurst } from "../../recorded/recorded_bursts.ts";
import { scheduleOf, simulate, type Simulated } from "./simulated_run.ts";

/** When the first of the burst is due, since the run start. */
const BURST_MS = 3000;

/** The burst on a simulated platform that takes as long for its first instance. */
function simulateBurst(burst: RecordedBurst, phases: AutoscalerPhases): Promise<Simulated> {
  const invocations = burst.arrivalsMs.map((timeMs) => ({
    scheduledMs: BURST_MS + timeMs - burst.arrivalsMs[0],
    runtimeMs: 500,
  }));
  return simulate({
    schedule: scheduleOf(1, invocations, 30_000),
    options: {
      networkMs: constant(0),
      startMs: constant(burst.readyMs[0] - burst.arrivalsMs[0]),
      startUsesCpu: false,
      nodeCores: 100,
      nodeMemoryMib: 1e6,
      scrapeIntervalMs: 20,
      autoscaling: { stableWindowMs: 10_000, scaleToZeroGraceMs: 10_000 },
      phases,
    },
    scrapes: true,
  });
}

/** The phases of the recording, for a run that starts then on the simulator's clock. */
function recordedPhases(burst: RecordedBurst, runStartMs: number): AutoscalerPhases {
  const clockMs = burst.arrivalsMs[0] - BURST_MS - runStartMs;
  const phaseOf = (timeMs: number, periodMs: number) => {
    const phaseMs = (timeMs - clockMs) % periodMs;
    return phaseMs > 0 ? phaseMs : phaseMs + periodMs;
  };
  const tickMs = phaseOf(burst.decisions[0].timeMs, 2000);
  return { clockMs, reportMs: phaseOf(burst.firstReportMs, 1000), tickMs: () => tickMs };
}

Deno.test("simulator: with the phases of a recorded burst it wants what Knative wanted", async () => {
  const panics: boolean[] = [];
  for (const burst of readRecordedBursts()) {
    const { runStartMs } = await simulateBurst(burst, recordedPhases(burst, 0));
    const { scales } = await simulateBurst(burst, recordedPhases(burst, runStartMs));
    // The first four: before the burst, at once, and at the two ticks after it. Then real
    // instances, which slow each other down, are not ready when the simulated ones are.
    const recorded = burst.decisions.slice(0, 4);
    const simulated = recorded.map(({ timeMs }) => {
      const sinceRunStartMs = timeMs - burst.arrivalsMs[0] + BURST_MS;
      return scales.find((row) => Number(row.time_ms) >= sinceRunStartMs + 20)!.desired_scale;
    });
    assert.deepEqual(simulated, recorded.map(({ desired }) => desired));
    panics.push(simulated[2] === 20);
  }
  assert.deepEqual(panics.sort(), [false, false, false, false, true]);
});
