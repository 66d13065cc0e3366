import assert from "node:assert/strict";
import fc from "fast-check";
import {
  deriveWaterfalls,
  TIME_PARTS,
  type TimedRun,
} from "../../../lib/analyze/twin/waterfall.ts";
import type { InstanceLife } from "../../../lib/analyze/instance_life.ts";
import { type InvocationOfTest, invocationTable } from "../../support/invocation_rows.ts";

function lifeOf(instance: string, createdMs: number, readyMs: number): InstanceLife {
  return { functionId: "f", instance, createdMs, readyMs, stoppedMs: NaN, detail: null };
}

function runOf(rows: readonly InvocationOfTest[], lives: readonly InstanceLife[] | null): TimedRun {
  return { invocations: invocationTable(rows), instanceLives: lives };
}

/** Ten pairs on instances of their own: due at 0, sent at 2, answered at 100 after 20 ms of work. */
function pairsOf(instance: string): InvocationOfTest[] {
  return Array.from({ length: 10 }, (_, i) => [
    {
      instance: `${instance}${i}`,
      scheduledMs: 0,
      dispatchedMs: 2,
      completedMs: 100,
      servedRuntimeMs: 20,
    },
    {
      instance: `${instance}${i}`,
      scheduledMs: 50,
      dispatchedMs: 50,
      completedMs: 130,
      servedRuntimeMs: 12,
    },
  ]).flat();
}

Deno.test("waterfall: an invocation's time is divided by what it waited for", () => {
  const lives = Array.from({ length: 10 }, (_, i) => lifeOf(`a${i}`, 10, 70));
  const run = runOf(pairsOf("a"), lives);
  // In the twin everything is served at once, as long as it asked for.
  const twin = runOf(
    pairsOf("b").map(({ instance, scheduledMs }) => ({
      instance,
      scheduledMs,
      completedMs: scheduledMs + 10,
      servedRuntimeMs: 10,
    })),
    null,
  );
  const [all, ...slower] = deriveWaterfalls(run, twin);
  assert.equal(all.invocations, 20);
  assert.equal(all.twinMs, 10);
  assert.equal(all.runMs, 90);
  // Half of the invocations each: the first of an instance, and the one that waits for it.
  assert.deepEqual(all.partsMs, {
    lateness: 2 / 2,
    reaction: 8 / 2,
    start: 60 / 2,
    queue: 50 / 2,
    ways: (10 + 18) / 2,
    firstService: 10 / 2,
    service: 2 / 2,
  });
  assert.deepEqual(slower, [], "a tenth of twenty is no tail");
});

Deno.test("waterfall: only what both served counts, in the measurement phase", () => {
  const row = { scheduledMs: 0, instance: "a", servedRuntimeMs: 10 };
  const rows: InvocationOfTest[] = [
    ...Array.from({ length: 10 }, () => row),
    { ...row, phase: "warmup" },
    { ...row, outcome: "failed" },
    { ...row, completedMs: 500 },
  ];
  const twin = rows.map((each, i) => i === 12 ? { ...each, outcome: "rejected" as const } : each);
  const [all] = deriveWaterfalls(runOf(rows, null), runOf(twin, null));
  assert.equal(all.invocations, 10);
  assert.equal(all.runMs, 10);
});

Deno.test("waterfall: the parts are all of the difference, whatever the tables tell", () => {
  const row = fc.record({
    instance: fc.constantFrom("a", "b", "c"),
    scheduledMs: fc.nat(1000),
    lag: fc.nat(20),
    takes: fc.nat(500),
    servedRuntimeMs: fc.nat(600),
  }).map(({ lag, takes, ...row }) => ({
    ...row,
    dispatchedMs: row.scheduledMs + lag,
    completedMs: row.scheduledMs + lag + takes,
  }));
  const rows = fc.array(row, { minLength: 150, maxLength: 150 });
  const life = fc.tuple(
    fc.constantFrom("a", "b"),
    fc.nat(900),
    fc.oneof(fc.nat(1500), fc.constant(NaN)),
  )
    .map(([name, createdMs, readyMs]) => lifeOf(name, createdMs, readyMs));
  fc.assert(
    fc.property(rows, rows, fc.array(life, { maxLength: 2 }), (ofRun, ofTwin, lives) => {
      const waterfalls = deriveWaterfalls(runOf(ofRun, lives), runOf(ofTwin, null));
      assert.deepEqual(waterfalls.map(({ slowest }) => slowest), [1, 0.1]);
      for (const { partsMs, runMs, twinMs } of waterfalls) {
        const sum = TIME_PARTS.reduce((sum, part) => sum + partsMs[part], 0);
        assert.ok(Math.abs(sum - (runMs - twinMs)) < 1e-9);
      }
      assert.ok(waterfalls[1].runMs >= waterfalls[0].runMs);
    }),
    { seed: 17, numRuns: 100 },
  );
});
