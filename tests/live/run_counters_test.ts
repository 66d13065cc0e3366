import assert from "node:assert/strict";
import fc from "fast-check";
import { LiveHistogram } from "../../lib/live/live_histogram.ts";
import { LiveHistory } from "../../lib/live/live_history.ts";
import type { LiveSample, LiveTotals } from "../../lib/live/live_message.ts";
import { RECENT_SECONDS, RunCounters } from "../../lib/live/run_counters.ts";
import { createInvocationRow, type InvocationRow, OUTCOMES } from "../../lib/model/record.ts";
import { rankedQuantile } from "../../lib/stats/quantile.ts";
import { GENERATOR, INSTANCES } from "../../lib/store/schema/tables.ts";

Deno.test("quantiles are those of the ranks, to 3 %, and infinite among what was not ok", () => {
  const times = fc.array(fc.double({ min: 0.05, max: 2_000_000, noNaN: true }), {
    minLength: 5,
    maxLength: 300,
  });
  fc.assert(
    fc.property(times, fc.nat(40), fc.constantFrom(0.5, 0.9, 0.99), (okMs, notOk, q) => {
      const histogram = new LiveHistogram();
      for (const ms of okMs) histogram.record(ms);
      for (let i = 0; i < notOk; i++) histogram.recordInfinite();
      const exact = rankedQuantile(okMs.toSorted((a, b) => a - b), notOk, q);
      const told = histogram.quantile(q);
      if (exact === null || exact === Infinity) {
        assert.equal(told, exact === null ? null : "infinite");
      } else assert.ok(Math.abs(told as number - exact) <= 0.032 * exact, `${told} for ${exact}`);
    }),
    { seed: 42, numRuns: 500 },
  );
});

/** Counters, and what they have told. */
function watch() {
  const told: { sample: LiveSample; totals: LiveTotals }[] = [];
  const counters = new RunCounters((sample, totals) => {
    told.push({ sample, totals: structuredClone(totals) });
  });
  const row = createInvocationRow();
  let second = 0;
  return {
    told,
    counters,
    end(part: Partial<InvocationRow>, count = 1) {
      const times = { scheduledMs: 100, dispatchedMs: 101, completedMs: 110 };
      Object.assign(row, createInvocationRow(), times, { outcome: "ok", ...part });
      for (let i = 0; i < count; i++) counters.onInvocation(row);
    },
    second() {
      second++;
      const cells: Record<string, number> = { time_ms: 1000 * second, in_flight: 3 };
      counters.onSecond(GENERATOR.columns.map(({ name }) => cells[name] ?? null));
      return told.at(-1)!;
    },
  };
}

Deno.test("each second tells what ended in it, the run what ended in all", () => {
  const run = watch();
  run.end({}, 30);
  run.end({ outcome: "failed" }, 2);
  run.end({ outcome: "cancelled", dispatchedMs: NaN, completedMs: NaN }, 5);
  const first = run.second();
  assert.equal(first.sample.notOk, 2);
  assert.equal(first.totals.outcomes.ok, 30);
  assert.equal(first.totals.outcomes.cancelled, 5);
  // What was never sent has no lag.
  assert.equal(first.totals.lag.counts.reduce((sum, count) => sum + count), 32);
  assert.equal(first.totals.response.sumMs, 300);
  run.end({ outcome: "timed_out" });
  const { sample, totals } = run.second();
  assert.equal(sample.notOk, 1);
  assert.equal(totals.outcomes.ok, 30);
  assert.equal(sample.lengthMs, 1000);
});

Deno.test("quantiles of a moment forget what is long past, those of the run only the warm-up", () => {
  const run = watch();
  run.end({ phase: "warmup", completedMs: 600_100 }, 100);
  assert.ok(run.second().sample.recentMs[0] as number > 500_000);
  for (let i = 0; i < RECENT_SECONDS; i++) {
    run.end({ phase: "measurement", completedMs: 110 }, 30);
    run.second();
  }
  const { sample, totals } = run.second();
  assert.ok(Math.abs(sample.recentMs[0] as number - 10) < 0.4);
  assert.ok(Math.abs(totals.responseMs[1] as number - 10) < 0.4);
});

Deno.test("every outcome is counted once", () => {
  const run = watch();
  for (const outcome of OUTCOMES) run.end({ outcome });
  const { totals } = run.second();
  assert.deepEqual(Object.values(totals.outcomes), OUTCOMES.map(() => 1));
});

Deno.test("instances are ready from then until they stop; unknown where none is told of", () => {
  const run = watch();
  assert.equal(run.second().sample.ready, null);
  const tell = (instance: string, event: string) =>
    run.counters.onInstance(
      INSTANCES.columns.map(({ name }) =>
        name === "instance" ? instance : name === "event" ? event : null
      ),
    );
  tell("a", "created");
  assert.equal(run.second().sample.ready, 0);
  tell("a", "ready");
  tell("b", "ready");
  tell("a", "ready");
  assert.equal(run.second().sample.ready, 2);
  tell("a", "stopping");
  tell("a", "gone");
  assert.equal(run.second().sample.ready, 1);
});

Deno.test("a week of seconds is kept in little, and nothing of it is lost", () => {
  const experiment = { name: "x", question: "?", platform: "local", isVirtual: false };
  const history = new LiveHistory(experiment);
  history.take({ kind: "run", run: { name: "r", functions: 1, invocations: 1, durationMs: 1 } });
  const run = watch();
  const template = run.second();
  const seconds = 7 * 86_400;
  for (let i = 1; i <= seconds; i++) {
    const sample = { ...template.sample, timeMs: i * 1000, lengthMs: 1000, due: 1, lagMaxMs: i };
    history.take({ kind: "second", sample, totals: template.totals });
  }
  const { samples } = history.state;
  assert.ok(samples.length <= 1800);
  assert.equal(samples.reduce((sum, { due }) => sum + due, 0), seconds);
  assert.equal(samples.reduce((sum, { lengthMs }) => sum + lengthMs, 0), 1000 * seconds);
  assert.equal(samples.at(-1)!.lagMaxMs, seconds);
  const times = samples.map(({ timeMs }) => timeMs);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});
