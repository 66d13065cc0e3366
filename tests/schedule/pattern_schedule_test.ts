import assert from "node:assert/strict";
import {
  BURST_FUNCTIONS,
  generateBurst,
  generateRateStep,
  mostBurst,
} from "../../lib/schedule/pattern_schedule.ts";
import { phaseAt } from "../../lib/model/schedule.ts";
import { listInvocations } from "../support/schedules.ts";

const STEP = {
  seed: 42,
  ratePerS: 30,
  durationMs: 10_000,
  warmupShare: 0.2,
  functions: 4,
  runtimeMs: 20,
  memoryMib: 64,
  iatDistribution: "exponential",
} as const;

Deno.test("generateRateStep: the rate holds exactly, dealt round robin", () => {
  const rows = listInvocations(generateRateStep(STEP));
  assert.equal(rows.length, 300);
  rows.forEach((row, i) => {
    assert.equal(row.functionIndex, i % 4);
    assert.ok(row.scheduledMs >= 0 && row.scheduledMs < 10_000);
    assert.deepEqual([row.runtimeMs, row.memoryMib], [20, 64]);
  });
});

Deno.test("generateRateStep: the first fifth is warm-up", () => {
  const { phases } = generateRateStep(STEP);
  assert.equal(phaseAt(phases, 1999.9), "warmup");
  assert.equal(phaseAt(phases, 2000), "measurement");
});

Deno.test("generateRateStep: a step longer than a minute, in order, with the total exact", () => {
  const schedule = generateRateStep({ ...STEP, ratePerS: 1.5, durationMs: 130_000 });
  const rows = listInvocations(schedule);
  assert.equal(rows.length, 195);
  rows.forEach((row, i) => assert.equal(row.functionIndex, i % 4));
  const times = rows.map(({ scheduledMs }) => scheduledMs);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});

Deno.test("generateRateStep: equidistant arrivals are equally far apart", () => {
  const rows = listInvocations(
    generateRateStep({ ...STEP, ratePerS: 10, iatDistribution: "equidistant" }),
  );
  for (let i = 1; i < rows.length; i++) {
    assert.ok(Math.abs(rows[i].scheduledMs - rows[i - 1].scheduledMs - 100) < 0.01);
  }
});

Deno.test("generateRateStep: rates differ in what they draw, seeds repeat it", async () => {
  const hash = (change: Partial<typeof STEP>) => generateRateStep({ ...STEP, ...change }).hash();
  assert.equal(await hash({}), await hash({}));
  assert.notEqual(await hash({}), await hash({ seed: 7 as 42 }));
});

Deno.test("generateRateStep: a step without any invocation is refused", () => {
  assert.throws(
    () => generateRateStep({ ...STEP, ratePerS: 0.01, durationMs: 1000 }),
    { code: "usage", message: /no invocation at all/ },
  );
});

const BURST = {
  seed: 42,
  startRatePerS: 5,
  stepRatePerS: 5,
  targetRatePerS: 20,
  stepMs: 2000,
  durationMs: 10_000,
  burst: 50,
  runtimeMs: 20,
  memoryMib: 64,
  iatDistribution: "exponential",
} as const;

Deno.test("generateBurst: climb, stay, burst in the middle and victim in the middle of it", () => {
  const { schedule, burstAtMs } = generateBurst(BURST);
  const rows = listInvocations(schedule);
  const within = (from: number, to: number) =>
    rows.filter(({ scheduledMs }) => scheduledMs >= from && scheduledMs < to);
  assert.equal(schedule.durationMs, 16_000);
  assert.deepEqual(
    [within(0, 2000).length, within(2000, 4000).length, within(4000, 6000).length],
    [10, 20, 30],
  );
  assert.equal(burstAtMs, 6000 + 4500);
  assert.equal(within(6000, 16_000).length, 200 + 50 + 1);
  const named = (name: string) =>
    rows.filter(({ functionIndex }) => schedule.functions[functionIndex].id === name);
  assert.equal(named("victim").length, 1);
  assert.equal(named("victim")[0].scheduledMs, burstAtMs + 500);
  assert.equal(named("steady").length, 130);
  assert.equal(named("bursty").length, 130 + 50);
  assert.deepEqual(schedule.functions.map(({ id }) => id), Object.values(BURST_FUNCTIONS));
  assert.equal(phaseAt(schedule.phases, 5999), "warmup");
  assert.equal(phaseAt(schedule.phases, 6000), "measurement");
});

Deno.test("generateBurst: a stay over a minute keeps the burst whole", () => {
  const { schedule } = generateBurst({ ...BURST, durationMs: 130_000, burst: 1000 });
  const rows = listInvocations(schedule);
  assert.equal(rows.length, 60 + 20 * 130 + 1000 + 1);
  const times = rows.map(({ scheduledMs }) => scheduledMs);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});

Deno.test("generateBurst: as many invocations as its second has microseconds for, and no more", () => {
  // The rate stays for the second of the burst alone.
  const short = { ...BURST, startRatePerS: 20, durationMs: 1000 };
  const most = mostBurst(short.targetRatePerS);
  const { schedule } = generateBurst({ ...short, burst: most });
  let bursty = 0;
  let lastMs = -1;
  for (const { scheduledMs, functionIndex } of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < scheduledMs.length; i++) {
      if (functionIndex[i] !== 0) continue;
      bursty++;
      if (!(scheduledMs[i] > lastMs)) assert.fail(`two at ${lastMs} ms`);
      lastMs = scheduledMs[i];
    }
  }
  assert.equal(bursty, most + 10);
  assert.throws(
    () => generateBurst({ ...short, burst: most + 1 }),
    { code: "usage", message: /burst of 999991 .* does not fit into a second.* at most 999990\.$/ },
  );
});
