import assert from "node:assert/strict";
import { deriveDivergence, type SummarizedRun } from "../../lib/analyze/divergence.ts";
import type { DivergenceMetric } from "../../lib/store/schema/manifest.ts";
import type { InstanceLife } from "../../lib/analyze/instance_life.ts";
import { selectMeasured } from "../../lib/analyze/invocation_selection.ts";
import { deriveSummary } from "../../lib/analyze/summary.ts";
import type { PhaseSpan } from "../../lib/model/schedule.ts";
import { type InvocationOfTest, invocationTable } from "../support/invocation_rows.ts";

const DURATION_MS = 10_000;

function tablesOf(
  rows: readonly InvocationOfTest[],
  instanceLives: readonly InstanceLife[] | null,
  phases: readonly PhaseSpan[] = [{ fromMs: 0, phase: "measurement" }],
): SummarizedRun {
  const manifest = { plan: { durationMs: DURATION_MS }, phases };
  return {
    run: { path: "", manifest },
    summary: deriveSummary(selectMeasured(invocationTable(rows))),
    instanceLives,
  } as unknown as SummarizedRun;
}

function life(createdMs: number, readyMs: number, stoppedMs = NaN): InstanceLife {
  return {
    functionId: "f",
    instance: `f-${createdMs}`,
    createdMs,
    readyMs,
    stoppedMs,
    detail: null,
  };
}

function rowsTaking(timesMs: readonly number[]): InvocationOfTest[] {
  return timesMs.map((timeMs, i) => ({ scheduledMs: i, completedMs: i + timeMs }));
}

function byName(metrics: readonly DivergenceMetric[]): Record<string, DivergenceMetric> {
  return Object.fromEntries(metrics.map((metric) => [metric.metric, metric]));
}

Deno.test("divergence: of a run from itself is none", () => {
  const tables = tablesOf(rowsTaking([10, 20, 30]), [life(0, 100)]);
  for (const { run, twin, relativeDifference } of deriveDivergence(tables, tables)) {
    assert.equal(run, twin);
    assert.ok(relativeDifference === 0 || run === null);
  }
});

Deno.test("divergence: nothing of the warm-up is in it", () => {
  const phases: PhaseSpan[] = [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 8000, phase: "measurement" },
  ];
  const measured = rowsTaking([10, 20, 30]).map((row) => ({ ...row, scheduledMs: 9000 }));
  const warm = { scheduledMs: 0, phase: "warmup", coldStart: true, outcome: "rejected" } as const;
  const lives = [life(-1, 0)];
  const calm = tablesOf(measured, lives, phases);
  // Of three instances in the warm-up one is left.
  const busy = tablesOf(
    [warm, warm, ...measured],
    [...lives, life(1, 10, 7000), life(2, 10, 8000)],
    phases,
  );
  for (const { metric, run, twin } of deriveDivergence(calm, busy)) {
    assert.equal(run, twin, metric);
  }
});

Deno.test("divergence: each metric by its own, in parts of the run's", () => {
  const run = tablesOf(
    rowsTaking(Array.from({ length: 40 }, () => 20)),
    [life(-500, -100), life(0, 5000)],
  );
  const twin = tablesOf(
    [
      ...rowsTaking(Array.from({ length: 38 }, () => 25)),
      { scheduledMs: 50, outcome: "rejected" },
      { scheduledMs: 51, completedMs: 99, coldStart: true },
    ],
    [life(-500, -100, 5000)],
  );
  const metrics = byName(deriveDivergence(run, twin));
  assert.equal(metrics.response_time_p50.run, 20);
  assert.equal(metrics.response_time_p50.twin, 25);
  assert.equal(metrics.response_time_p50.relativeDifference, 0.25);
  // Of forty none has ten beyond it.
  assert.equal(metrics.response_time_p99.run, null);
  assert.equal(metrics.response_time_p99.relativeDifference, null);
  assert.equal(metrics.slowdown_p50.relativeDifference, 0.25);
  // From nothing there is no part.
  assert.deepEqual(
    [metrics.cold_invocations.run, metrics.cold_invocations.twin],
    [0, 1],
  );
  assert.equal(metrics.cold_invocations.relativeDifference, null);
  assert.equal(metrics.instance_starts.relativeDifference, -1);
  assert.equal(metrics.ready_instances_mean.run, 1.5);
  assert.equal(metrics.ready_instances_mean.twin, 0.5);
  assert.equal(metrics.ready_instances_peak.run, 2);
  assert.equal(metrics.outcome_ok.twin, 39);
  assert.equal(metrics.outcome_rejected.twin, 1);
});

Deno.test("divergence: what a platform does not tell is unknown", () => {
  const metrics = byName(
    deriveDivergence(tablesOf(rowsTaking([5]), null), tablesOf(rowsTaking([5]), null)),
  );
  assert.equal(metrics.ready_instances_mean.run, null);
  assert.equal(metrics.instance_starts.relativeDifference, null);
});
