import assert from "node:assert/strict";
import type { RankedQuantiles } from "../../../lib/analyze/ranked_quantiles.ts";
import { deriveRunStanding, type RunStanding } from "../../../lib/analyze/experiment_verdict.ts";
import type { SweepDeclaration } from "../../../lib/model/answer.ts";
import type { RunManifest, RunStatus, VerdictWord } from "../../../lib/store/schema/manifest.ts";
import { describeSweep, SWEEP_MEASURES } from "../../../lib/report/answers/sweep_figure.ts";
import {
  deriveSweepSeries,
  listLeftOut,
  type SweepPoint,
} from "../../../lib/report/answers/sweep_group.ts";

const FUNCTIONS: SweepDeclaration = {
  kind: "sweep",
  parameter: "functions",
  against: "the number of functions",
  axis: "number of functions",
  unit: "functions",
  unitOfOne: "function",
  figures: ["slowdown"],
};

const VALID: RunStanding = { isCounted: true, word: "VALID" };
const LIMITED: RunStanding = { isCounted: true, word: "PLATFORM-LIMITED" };
const LATE: RunStanding = { isCounted: false, word: "GENERATOR-LIMITED" };

function point(x: number, p50: number | null, standing = VALID, p99: number | null = null) {
  const all = { p50, p90: null, p95: null, p99 };
  const quantiles: RankedQuantiles = { observations: 100, infinite: 0, all, okOnly: all };
  return { x, standing, quantiles };
}

function summaryOf(points: readonly SweepPoint[]) {
  const [group] = deriveSweepSeries(points, [10], "p50").groups;
  return group;
}

Deno.test("a median is of the runs that count alone", () => {
  const late = [900, 950, 980].map((value) => point(10, value, LATE));
  const group = summaryOf([...[4, 5, 6].map((value) => point(10, value)), ...late]);
  assert.deepEqual(group.summary, { median: 5, low: 4, high: 6, coverage: null });
  assert.equal(group.dots.length, 6, "the others are drawn");
  assert.deepEqual([group.count, group.counted], [3, 3]);
});

Deno.test("what the platform did not answer is its answer: infinity is the largest", () => {
  const points = [1, 2, 3, Infinity, Infinity, Infinity, Infinity]
    .map((value) => point(10, value, value === Infinity ? LIMITED : VALID));
  assert.deepEqual(summaryOf(points).summary, {
    median: Infinity,
    low: 1,
    high: Infinity,
    coverage: 1 - 2 / 128,
  });
  // Between a number and ∞.
  assert.equal(summaryOf([point(10, 1), point(10, Infinity, LIMITED)]).summary?.median, Infinity);
});

Deno.test("a quantile of too few observations is not infinite, and is missed", () => {
  const points = [point(10, 3, VALID, 7), point(10, 4, VALID, 9), point(10, 5)];
  const [p50, p99] = (["p50", "p99"] as const)
    .map((percentile) => deriveSweepSeries(points, [10], percentile));
  assert.deepEqual(p99.groups[0].summary, { median: 8, low: 7, high: 9, coverage: null });
  assert.deepEqual([p99.groups[0].count, p99.groups[0].counted], [2, 3]);
  assert.match(
    describeSweep([p50, p99], [], SWEEP_MEASURES.slowdown, FUNCTIONS),
    /p99 at 10 functions is of 2 of 3 runs; the others have too few invocations for it\./,
  );
});

Deno.test("where no run counts there is no median, and why is said", () => {
  const points = [point(10, 5, LATE), point(10, 6, { isCounted: false, word: "interrupted" })];
  const series = deriveSweepSeries(points, [10], "p50");
  assert.equal(series.groups[0].summary, null);
  const caption = describeSweep(
    [series],
    listLeftOut(points, [10]),
    SWEEP_MEASURES.slowdown,
    FUNCTIONS,
  );
  assert.match(
    caption,
    /^Left out: 2 of 2 runs at 10 functions: 1 GENERATOR-LIMITED, 1 interrupted\./,
  );
  assert.doesNotMatch(caption, /Dots are runs/);
});

Deno.test("which runs count: those that ended and whose generator kept its schedule", () => {
  const standingOf = (status: RunStatus, word: VerdictWord | null) => {
    const verdict = word === null ? null : { verdict: word };
    const standing = deriveRunStanding({ status, verdict } as RunManifest);
    return `${standing.isCounted} ${standing.word}`;
  };
  assert.equal(standingOf("finished", "VALID"), "true VALID");
  assert.equal(standingOf("overloaded", "PLATFORM-LIMITED"), "true PLATFORM-LIMITED");
  assert.equal(standingOf("finished", "GENERATOR-LIMITED"), "false GENERATOR-LIMITED");
  assert.equal(standingOf("interrupted", "VALID"), "false interrupted");
  assert.equal(standingOf("running", null), "false broke off");
  assert.equal(standingOf("finished", null), "false no verdict");
});
