import assert from "node:assert/strict";
import { ConcurrencyMeters } from "../../../lib/autoscale/knative/concurrency_meters.ts";
import { FunctionScaler } from "../../../lib/autoscale/knative/function_scaler.ts";
import { readRecordedBursts, type RecordedBurst } from "../../recorded/recorded_bursts.ts";

/** What happens at one instant is done in this order. */
const ORDER = ["ready", "measure", "report", "arrive", "leave", "decide"] as const;

interface Step {
  readonly timeMs: number;
  readonly kind: (typeof ORDER)[number];
  /** Position among those of its kind. */
  readonly position: number;
}

function listSteps(burst: RecordedBurst): Step[] {
  const endMs = burst.decisions.at(-1)!.timeMs;
  const reportsMs = [];
  for (let t = burst.firstReportMs; t <= endMs; t += 1000) reportsMs.push(t);
  const lateMs = (report: number) => burst.lateReports.includes(report) ? 600 : 0;
  const times: Record<Step["kind"], readonly number[]> = {
    ready: burst.readyMs,
    measure: reportsMs,
    report: reportsMs.map((timeMs, report) => timeMs + lateMs(report)),
    arrive: burst.arrivalsMs,
    leave: burst.leavesMs,
    decide: burst.decisions.map(({ timeMs }) => timeMs),
  };
  return ORDER
    .flatMap((kind) => times[kind].map((timeMs, position) => ({ timeMs, kind, position })))
    .sort((a, b) => a.timeMs - b.timeMs || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

/** What the policy decides where Knative did: stable average and desired scale. */
function replay(burst: RecordedBurst): { stable: number; desired: number }[] {
  const scaler = new FunctionScaler({
    stableWindowMs: 10_000,
    scaleToZeroGraceMs: 10_000,
    createdMs: burst.createdMs,
  });
  const meter = new ConcurrencyMeters(1, 0);
  const measured: number[] = [];
  const decisions: { stable: number; desired: number }[] = [];
  let poked: { stable: number; desired: number } | null = null;
  for (const { timeMs, kind, position } of listSteps(burst)) {
    if (kind === "ready") scaler.noteReady(timeMs);
    else if (kind === "measure") measured.push(meter.report(0, timeMs));
    else if (kind === "report") scaler.recordConcurrency(timeMs, measured.shift()!);
    else if (kind === "leave") meter.leave(0, timeMs);
    else if (kind === "arrive") {
      const isCounted = meter.isCounted(0);
      meter.arrive(0, timeMs);
      if (!isCounted) poked = scaler.poke(timeMs, 0);
    } else {
      decisions.push(poked ?? scaler.tick(timeMs, burst.decisions[position].ready));
      poked = null;
    }
  }
  return decisions;
}

Deno.test("recorded bursts: the policy wants what Knative wanted, tick by tick", () => {
  for (const [i, burst] of readRecordedBursts().entries()) {
    const decided = replay(burst);
    assert.deepEqual(
      decided.map(({ desired }) => desired),
      burst.decisions.map(({ desired }) => desired),
      `burst ${i}`,
    );
    const errors = decided.map(({ stable }, tick) =>
      Math.abs(stable - burst.decisions[tick].stable)
    );
    // When requests came and left is known from the loader alone, to some milliseconds.
    const usual = errors.sort((a, b) => a - b)[errors.length >> 1];
    assert.ok(usual < 0.05, `burst ${i}: averages differ by ${usual}`);
  }
});
