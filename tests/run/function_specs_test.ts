import assert from "node:assert/strict";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import type { PlannedRun } from "../../lib/run/experiment.ts";
import { deriveFunctionSpecs } from "../../lib/run/function_specs.ts";
import { traceWithCounts } from "../support/schedules.ts";

function plannedRun(initialScales: readonly number[]): PlannedRun {
  const schedule = generateSchedule(traceWithCounts(...initialScales.map(() => [1])));
  return { name: "run", parameters: {}, trace: null, schedule, initialScales };
}

const UNBOUNDED = { instances: null, cpuMilli: null, memoryMib: null, instanceOverheadMib: 0 };

Deno.test("deriveFunctionSpecs: names are DNS labels, repeatable, and differ with the seed", () => {
  const run = plannedRun([0, 0, 0]);
  const names = (seed: number) => deriveFunctionSpecs(run, seed, UNBOUNDED).map(({ name }) => name);
  assert.deepEqual(names(42), names(42));
  assert.notDeepEqual(names(42), names(43));
  assert.equal(new Set(names(42)).size, 3);
  names(42).forEach((name, i) => assert.match(name, new RegExp(`^trace-func-${i}-[0-9a-f]{8}$`)));
});

Deno.test("deriveFunctionSpecs: a salt makes the names of one seed different", () => {
  const run = plannedRun([0, 0, 0]);
  const names = (salt: string) =>
    deriveFunctionSpecs(run, 42, UNBOUNDED, undefined, salt).map(({ name }) => name);
  assert.deepEqual(names("a"), names("a"));
  assert.equal(new Set([...names("a"), ...names("b"), ...names("")]).size, 9);
  names("a").forEach((name, i) => assert.match(name, new RegExp(`^trace-func-${i}-[0-9a-f]{8}$`)));
});

Deno.test("deriveFunctionSpecs: initial scales are cut by CPU, number and memory, each alone", () => {
  // Each function of the test trace requests 300 MiB at most, hence 333 milli-cores.
  const scales = (bound: Partial<typeof UNBOUNDED> | Record<string, number>) =>
    deriveFunctionSpecs(plannedRun([4, 2, 0]), 42, { ...UNBOUNDED, ...bound })
      .map(({ initialScale }) => initialScale);
  assert.deepEqual(scales({}), [4, 2, 0]);
  // 40 % of 4 cores are 1600 milli-cores: four instances.
  assert.deepEqual(scales({ cpuMilli: 4000 }), [4, 0, 0]);
  assert.deepEqual(scales({ instances: 5 }), [4, 1, 0]);
  assert.deepEqual(scales({ memoryMib: 1850, instanceOverheadMib: 64 }), [4, 1, 0]);
  assert.deepEqual(scales({ instances: 0 }), [0, 0, 0]);
});

Deno.test("deriveFunctionSpecs: who is to have instances at least begins with them, in the capacity", () => {
  const scales = (minScale: number, instances: number | null) =>
    deriveFunctionSpecs(plannedRun([4, 2, 0]), 42, { ...UNBOUNDED, instances }, {
      cpuRequestMilli: null,
      requests: "table",
      minScale,
    }).map(({ initialScale }) => initialScale);
  assert.deepEqual(scales(3, null), [4, 3, 3]);
  assert.deepEqual(scales(3, 6), [4, 1, 1]);
});
