import assert from "node:assert/strict";
import { countColdInvocations } from "../../lib/analyze/cold_invocation.ts";
import {
  deriveDispatchLagMs,
  deriveResponseTimeMs,
  deriveSlowdown,
  deriveTransportLatencyMs,
} from "../../lib/analyze/invocation_times.ts";
import { selectMeasured } from "../../lib/analyze/invocation_selection.ts";
import { deriveMinutes, deriveOutcomeCounts, deriveSummary } from "../../lib/analyze/summary.ts";
import { deriveResponsePoints } from "../../lib/analyze/response_point.ts";
import { type InvocationOfTest, invocationTable } from "../support/invocation_rows.ts";

const table = invocationTable([
  { scheduledMs: 100, dispatchedMs: 103, completedMs: 160, requestedRuntimeMs: 20 },
  { scheduledMs: 200, dispatchedMs: 200, completedMs: 204, requestedRuntimeMs: 0 },
  { scheduledMs: 300, dispatchedMs: null, completedMs: null, outcome: "dropped", coldStart: null },
]);

Deno.test("response time runs from the scheduled instant, transport latency from the dispatch", () => {
  assert.deepEqual([...deriveResponseTimeMs(table)], [60, 4, NaN]);
  assert.deepEqual([...deriveTransportLatencyMs(table)], [57, 4, NaN]);
  assert.deepEqual([...deriveDispatchLagMs(table)], [3, 0, NaN]);
  const waited = invocationTable([
    { scheduledMs: 10, dispatchedMs: 15, setUpMs: 1.5, peerWaitMs: 3 },
    { scheduledMs: 10, dispatchedMs: 15, peerWaitMs: 3 },
    { scheduledMs: 10, dispatchedMs: 15, setUpMs: 5 },
    { scheduledMs: 10, dispatchedMs: null, peerWaitMs: 3 },
  ]);
  assert.deepEqual([...deriveDispatchLagMs(waited)], [0.5, 2, 0, NaN]);
  assert.deepEqual([...selectMeasured(waited).peerWaitMs], [3, 3, NaN, 3]);
  assert.deepEqual([...selectMeasured(waited).setUpMs], [1.5, NaN, 5, NaN]);
});

Deno.test("slowdown divides by the requested runtime, at least one millisecond", () => {
  assert.deepEqual([...deriveSlowdown(table, deriveResponseTimeMs(table))], [3, 4, NaN]);
  assert.deepEqual([...deriveSlowdown(table, deriveTransportLatencyMs(table))], [57 / 20, 4, NaN]);
});

Deno.test("outcomes are counted, each kind", () => {
  assert.deepEqual(deriveOutcomeCounts(table), {
    ok: 2,
    dropped: 1,
    connect_failed: 0,
    timed_out: 0,
    unsent: 0,
    rejected: 0,
    failed: 0,
    cancelled: 0,
  });
});

Deno.test("cold invocations are null where no record tells, else counted", () => {
  assert.equal(countColdInvocations(invocationTable([{ scheduledMs: 0, coldStart: null }])), null);
  assert.equal(
    countColdInvocations(invocationTable([
      { scheduledMs: 0, coldStart: true },
      { scheduledMs: 1, coldStart: null },
      { scheduledMs: 2, coldStart: false },
    ])),
    1,
  );
});

Deno.test("a quantile among the failed is infinite, and the ok ones stand beside it", () => {
  // 30 ok with response times 1 … 30 ms, 70 rejected: rank 50 of 100 is a rejected one.
  const rows: InvocationOfTest[] = Array.from({ length: 100 }, (_, i) => ({
    scheduledMs: 0,
    completedMs: i + 1,
    outcome: i < 30 ? "ok" : "rejected",
  }));
  const { responseTimeMs } = deriveSummary(invocationTable(rows));
  assert.equal(responseTimeMs.observations, 100);
  assert.equal(responseTimeMs.infinite, 70);
  assert.equal(responseTimeMs.all.p50, Infinity);
  assert.equal(responseTimeMs.okOnly.p50, 15);
  assert.equal(responseTimeMs.all.p90, Infinity);
  assert.equal(responseTimeMs.all.p95, null, "five observations lie beyond p95");
});

Deno.test("what the generator dropped is not ranked", () => {
  const rows: InvocationOfTest[] = [
    ...Array.from({ length: 20 }, (_, i) => ({ scheduledMs: 0, completedMs: i + 1 })),
    ...Array.from({ length: 30 }, () => ({
      scheduledMs: 0,
      dispatchedMs: null,
      completedMs: null,
      outcome: "dropped" as const,
    })),
  ];
  const summary = deriveSummary(invocationTable(rows));
  assert.equal(summary.invocations, 50);
  assert.equal(summary.responseTimeMs.observations, 20);
  assert.equal(summary.responseTimeMs.all.p50, 10);
});

Deno.test("what the platform took no connection for ranks as infinitely slow", () => {
  const rows: InvocationOfTest[] = [
    ...Array.from({ length: 20 }, (_, i) => ({ scheduledMs: 0, completedMs: i + 1 })),
    ...Array.from({ length: 30 }, () => ({
      scheduledMs: 0,
      dispatchedMs: null,
      completedMs: null,
      outcome: "connect_failed" as const,
    })),
  ];
  const { responseTimeMs } = deriveSummary(invocationTable(rows));
  assert.deepEqual([responseTimeMs.observations, responseTimeMs.infinite], [50, 30]);
  assert.equal(responseTimeMs.all.p50, Infinity);
  assert.equal(responseTimeMs.okOnly.p50, 10);
});

Deno.test("what the user stopped is not ranked, dispatched or not", () => {
  const rows: InvocationOfTest[] = [
    ...Array.from({ length: 40 }, (_, i) => ({ scheduledMs: 0, completedMs: i + 1 })),
    ...Array.from({ length: 60 }, () => ({
      scheduledMs: 0,
      completedMs: 100,
      outcome: "cancelled" as const,
    })),
  ];
  const { responseTimeMs } = deriveSummary(invocationTable(rows));
  assert.deepEqual([responseTimeMs.observations, responseTimeMs.infinite], [40, 0]);
  assert.equal(responseTimeMs.all.p50, 20);
});

Deno.test("the summary leave the warm-up out", () => {
  const rows = invocationTable([
    { scheduledMs: 0, phase: "warmup", dispatchedMs: 50 },
    { scheduledMs: 60, phase: "measurement", dispatchedMs: 61 },
  ]);
  const summary = deriveSummary(selectMeasured(rows));
  assert.equal(summary.invocations, 1);
  assert.equal(summary.responseTimeMs.observations, 1);
});

Deno.test("minutes hold the warm-up too, and count distinct functions", () => {
  const minutes = deriveMinutes(invocationTable([
    { scheduledMs: 59_999, phase: "warmup", functionId: "a" },
    { scheduledMs: 60_000, functionId: "a" },
    { scheduledMs: 61_000, functionId: "b" },
    { scheduledMs: 62_000, functionId: "a" },
  ]));
  assert.deepEqual(
    minutes.map(({ minute, functions, invocations }) => [minute, functions, invocations]),
    [[0, 1, 1], [1, 2, 3]],
  );
});

Deno.test("a minute in which the phase changes is two, so that no figure mixes both", () => {
  const minutes = deriveMinutes(invocationTable([
    ...Array.from({ length: 20 }, () => ({
      scheduledMs: 1_000,
      completedMs: 9_000,
      phase: "warmup" as const,
    })),
    ...Array.from({ length: 20 }, () => ({ scheduledMs: 30_000, completedMs: 30_010 })),
  ]));
  assert.deepEqual(
    minutes.map(({ minute, phase, responseTimeMs }) => [minute, phase, responseTimeMs.all.p50]),
    [[0, "warmup", 8_000], [0, "measurement", 10]],
  );
});

Deno.test("points that share a cell of the raster are one, unless their kinds differ", () => {
  const rows = invocationTable([
    { scheduledMs: 0, completedMs: 10 },
    { scheduledMs: 1, completedMs: 11.01 },
    { scheduledMs: 1, completedMs: 11, coldStart: true },
    { scheduledMs: 2, completedMs: 1_002 },
    { scheduledMs: 900, completedMs: 910 },
    { scheduledMs: 3, dispatchedMs: null, completedMs: null, outcome: "dropped" },
  ]);
  const points = deriveResponsePoints(rows, 1_000, { columns: 10, rowsPerDecade: 4 });
  assert.deepEqual(points.map((point) => [point.scheduledMs, point.kind]), [
    [0, "warm"],
    [1, "cold"],
    [2, "warm"],
    [900, "warm"],
    [3, "not_ok"],
  ]);
});

Deno.test("summary: the start of a run stands apart from the rest", () => {
  // 30 slow ones in the first 10 of 30 s, 60 quick ones after them.
  const rows = Array.from({ length: 91 }, (_, i) => {
    const scheduledMs = i * 1000 / 3;
    return { scheduledMs, completedMs: scheduledMs + (i < 30 ? 400 : 20), requestedRuntimeMs: 10 };
  });
  const summary = deriveSummary(invocationTable(rows));
  assert.deepEqual(
    [summary.slowdownFirstThird.observations, summary.slowdownRest.observations],
    [30, 61],
  );
  assert.ok(Math.abs(summary.slowdownFirstThird.all.p50! - 40) < 1e-9);
  assert.ok(Math.abs(summary.slowdownRest.all.p50! - 2) < 1e-9);
  assert.equal(deriveSummary(invocationTable([])).slowdownRest.all.p50, null);
});
