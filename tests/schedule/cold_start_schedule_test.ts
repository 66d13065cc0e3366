import assert from "node:assert/strict";
import fc from "fast-check";
import type { IatDistribution } from "../../lib/model/schedule.ts";
import {
  type ColdStartOptions,
  generateColdStarts,
} from "../../lib/schedule/cold_start_schedule.ts";
import { listInvocations } from "../support/schedules.ts";

const BASE: ColdStartOptions = {
  seed: 1,
  startRatePerS: 10,
  stepRatePerS: 0,
  slots: 3,
  slotMs: 10_000,
  coldPerSlot: [4],
  coldFunctions: 12,
  runtimeMs: 20,
  memoryMib: 64,
  iatDistribution: "exponential",
};

Deno.test("each slot has its rate, and as many cold ones as its list says, from the first again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 10 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.nat(10), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom<IatDistribution>("exponential", "uniform", "equidistant"),
      (startRatePerS, stepRatePerS, slots, coldPerSlot, coldFunctions, iatDistribution) => {
        const { schedule, coldInvocations } = generateColdStarts({
          ...BASE,
          ...{ startRatePerS, stepRatePerS, slots, coldPerSlot, coldFunctions, iatDistribution },
        });
        const rows = listInvocations(schedule);
        for (let slot = 0; slot < slots; slot++) {
          const own = rows.filter(({ scheduledMs }) => Math.floor(scheduledMs / 10_000) === slot);
          const cold = own.filter(({ functionIndex }) => functionIndex < coldFunctions);
          assert.equal(own.length, 10 * (startRatePerS + slot * stepRatePerS));
          assert.equal(cold.length, coldPerSlot[slot % coldPerSlot.length]);
        }
        const cold = rows.filter(({ functionIndex }) => functionIndex < coldFunctions);
        assert.equal(cold.length, coldInvocations);
        // In turn, so that each has been idle for longest.
        assert.deepEqual(
          cold.map(({ functionIndex }) => functionIndex),
          cold.map((_, i) => i % coldFunctions),
        );
      },
    ),
    { seed: 4 },
  );
});

Deno.test("cold ones are spread evenly among the arrivals of a slot", () => {
  const { schedule } = generateColdStarts({ ...BASE, slots: 1, iatDistribution: "equidistant" });
  const cold = listInvocations(schedule).flatMap(({ functionIndex }, i) =>
    functionIndex < 12 ? [i] : []
  );
  assert.deepEqual(cold, [12, 37, 62, 87]);
});

Deno.test("the shortest idle time is that between two calls of one function; none, none", () => {
  assert.equal(generateColdStarts(BASE).shortestIdleMs, null);
  const { schedule, shortestIdleMs } = generateColdStarts({ ...BASE, coldFunctions: 4 });
  const last = new Map<number, number>();
  let shortest = Infinity;
  for (const { functionIndex, scheduledMs } of listInvocations(schedule)) {
    if (functionIndex === 4) continue;
    shortest = Math.min(shortest, scheduledMs - (last.get(functionIndex) ?? -Infinity));
    last.set(functionIndex, scheduledMs);
  }
  assert.equal(shortestIdleMs, shortest);
});

Deno.test("the same options give the same schedule, slots longer than a minute too", async () => {
  const long = { ...BASE, slots: 2, slotMs: 150_000 };
  const hashOf = (options: ColdStartOptions) => generateColdStarts(options).schedule.hash();
  assert.equal(await hashOf(long), await hashOf(long));
  assert.notEqual(await hashOf(long), await hashOf({ ...long, seed: 2 }));
  const rows = listInvocations(generateColdStarts(long).schedule);
  assert.equal(rows.length, 3000);
  assert.equal(rows.filter(({ functionIndex }) => functionIndex < 12).length, 8);
});

Deno.test("a slot with fewer arrivals than are to be cold, or none, is refused", () => {
  assert.throws(() => generateColdStarts({ ...BASE, startRatePerS: 0.2 }), {
    code: "usage",
    message: /Slot 0 has 2 invocations, of which 4 are to be cold; raise the rate/,
  });
  assert.throws(() => generateColdStarts({ ...BASE, startRatePerS: 0.01, coldPerSlot: [0] }), {
    code: "usage",
    message: /Slot 0 has no invocation; raise the rate or make slots longer/,
  });
});
