import assert from "node:assert/strict";
import { takeShard } from "../../lib/run/shard/shard_schedule.ts";
import type { Schedule } from "../../lib/model/schedule.ts";
import { chunksAmong, ROWS_A_STEP } from "../../lib/schedule/chunk_slices.ts";
import { generateRateStep } from "../../lib/schedule/pattern_schedule.ts";
import { readScheduleFile, writeScheduleFile } from "../../lib/schedule/schedule_file.ts";
import { TalliedSchedule } from "../../lib/schedule/tallied_schedule.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { temporaryFolder } from "../support/script.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";

const ROWS = 100_000;

/** Two minutes, the second of one large function and many small ones. */
const TRACE = generateSchedule(
  traceWithCounts([10, ROWS / 2], ...Array.from({ length: 500 }, () => [1, ROWS / 1000])),
);

const STEP = generateRateStep({
  seed: 42,
  ratePerS: 10_000,
  durationMs: 10_000,
  warmupShare: 0,
  functions: 10,
  runtimeMs: 10,
  memoryMib: 64,
  iatDistribution: "exponential",
});

function assertSteps(schedule: Schedule): void {
  const rows = listInvocations(schedule);
  let steps = 0;
  let made = 0;
  for (const step of schedule.steps!()) {
    steps++;
    made += step?.scheduledMs.length ?? 0;
  }
  assert.equal(made, rows.length);
  // Each row is gone over at least once.
  assert.ok(steps >= rows.length / (32 * ROWS_A_STEP), `${steps} steps`);
  const again = { ...schedule, chunks: () => chunksAmong(schedule.steps!()) };
  assert.deepEqual(listInvocations(again as Schedule), rows);
}

Deno.test("steps: each kind of schedule makes the same rows, a little at a time", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/schedule`;
  await writeScheduleFile(TRACE, path);
  const kinds: Schedule[] = [
    TRACE,
    STEP,
    new TalliedSchedule(TRACE),
    takeShard(TRACE, { index: 1, count: 2 }),
    await readScheduleFile(path),
  ];
  for (const schedule of kinds) assertSteps(schedule);
});

Deno.test("steps: a large slot is made of many, whatever the sizes of its functions", () => {
  let longest = 0;
  let steps = 0;
  const iterator = TRACE.steps!();
  iterator.next();
  for (const step of iterator) {
    if (step === null) steps++;
    else longest = Math.max(longest, step.scheduledMs.length);
  }
  assert.equal(longest, ROWS);
  // Drawn three columns at a time, put in order in four passes, gathered.
  assert.ok(steps > 2 * ROWS / ROWS_A_STEP, `${steps} steps`);
});
