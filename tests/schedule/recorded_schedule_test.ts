import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { Trace } from "../../lib/model/trace.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { RecordedBuilder, type UnknownFigures } from "../../lib/trace/recorded.ts";
import { listInvocations, profileWithCounts } from "../support/schedules.ts";
import { profileOf } from "../support/trace_files.ts";

const UNKNOWN: UnknownFigures = {
  runtimeMs: () => ({ quantiles: [0, 1], values: [7, 7], mean: 7 }),
  memoryMib: () => ({ quantiles: [0, 1], values: [128, 128], mean: 128 }),
};

/** Arrivals of `f0`, `f1`, …: [arrivalMs, runtimeMs]. */
function recordedTrace(
  rows: readonly (readonly (readonly [number, number])[])[],
  slotMs = 60_000,
  slots = 4,
): Trace {
  const builder = new RecordedBuilder();
  for (const [i, arrivals] of rows.entries()) {
    const number = builder.functionOf({ id: `f${i}`, appId: "a", ownerId: "o", trigger: null });
    for (const [arrivalMs, runtimeMs] of arrivals) builder.add(number, arrivalMs, runtimeMs, null);
  }
  const { functions } = builder.finish(slotMs, slots, UNKNOWN);
  return { name: "recorded", slotMs, slots, functions, repairs: [], hash: "" };
}

const rows = fc.array(
  fc.array(fc.tuple(fc.nat(239_999), fc.integer({ min: 1, max: 60_000 })), { maxLength: 40 }),
  { minLength: 1, maxLength: 4 },
);

Deno.test("recorded invocations are replayed at their instants with their runtimes, ties apart", () => {
  fc.assert(
    fc.property(rows, (rows) => {
      const found = listInvocations(generateSchedule(recordedTrace(rows)));
      for (const [functionIndex, arrivals] of rows.entries()) {
        const own = found.filter((row) => row.functionIndex === functionIndex);
        const expected = arrivals.toSorted((a, b) => a[0] - b[0]);
        assert.deepEqual(own.map(({ runtimeMs }) => runtimeMs), expected.map(([, ms]) => ms));
        for (const [i, { scheduledMs, memoryMib }] of own.entries()) {
          assert.equal(memoryMib, 128);
          // A tie takes the next free microsecond, and there are at most 40 of them.
          assert.ok(Math.abs(scheduledMs - expected[i][0]) < 0.05, `${scheduledMs}`);
        }
        assert.equal(new Set(own.map(({ scheduledMs }) => scheduledMs)).size, own.length);
      }
    }),
    { seed: 5 },
  );
});

Deno.test("a window, a lower and a higher rate of recorded invocations keep their counts and order", () => {
  fc.assert(
    fc.property(rows, fc.constantFrom(0.1, 0.5, 2, 3.5), fc.nat(3), (rows, rateScale, slot) => {
      const trace = recordedTrace(rows);
      const startMs = slot * 60_000;
      const found = listInvocations(generateSchedule(trace, { startMs, rateScale }));
      for (const [functionIndex, arrivals] of rows.entries()) {
        const own = found.filter((row) => row.functionIndex === functionIndex);
        const inWindow = arrivals.filter(([arrivalMs]) => arrivalMs >= startMs).length;
        assert.ok(Math.abs(own.length - inWindow * rateScale) <= 1, `${own.length}`);
        const runtimes = new Set(arrivals.map(([, runtimeMs]) => runtimeMs));
        assert.ok(own.every(({ runtimeMs }) => runtimes.has(runtimeMs)));
      }
      assert.deepEqual(
        found.map(({ scheduledMs }) => scheduledMs),
        found.map(({ scheduledMs }) => scheduledMs).toSorted((a, b) => a - b),
      );
    }),
    { seed: 6 },
  );
});

Deno.test("folded, recorded invocations are arrivals drawn from their number in each slot", () => {
  const trace = recordedTrace([[[100, 5], [200, 5], [61_000, 5]]]);
  const folded = listInvocations(generateSchedule(trace, { arrivals: "folded" }));
  assert.deepEqual(folded.map(({ scheduledMs }) => Math.floor(scheduledMs / 60_000)), [0, 0, 1]);
  const { recorded: _, ...profile } = trace.functions[0];
  const counted = listInvocations(generateSchedule({ ...trace, functions: [profile] }));
  assert.deepEqual(folded, counted);
  assert.notDeepEqual(folded[0].scheduledMs, 100);
});

Deno.test("slots may be of a second or an hour: counts are exact in each, over all of it", () => {
  for (const slotMs of [1000, 3_600_000]) {
    const counts = [3, 0, 500, 1];
    const trace: Trace = {
      name: "slots",
      slotMs,
      slots: counts.length,
      functions: [profileWithCounts("f", counts), profileWithCounts("g", counts.toReversed())],
      repairs: [],
      hash: "",
    };
    const found = listInvocations(generateSchedule(trace));
    const perSlot = [0, 1].map((index) => {
      const slots = counts.map(() => 0);
      for (const { functionIndex, scheduledMs } of found) {
        if (functionIndex === index) slots[Math.floor(scheduledMs / slotMs)]++;
      }
      return slots;
    });
    assert.deepEqual(perSlot, [counts, counts.toReversed()]);
    const inThird = found.filter(({ functionIndex, scheduledMs }) =>
      functionIndex === 0 && Math.floor(scheduledMs / slotMs) === 2
    ).map(({ scheduledMs }) => scheduledMs / slotMs - 2);
    assert.ok(Math.min(...inThird) < 0.05 && Math.max(...inThird) > 0.95);
    const times = found.map(({ scheduledMs }) => scheduledMs);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
  }
});

Deno.test("slots longer than an hour, and a window that begins inside one, are refused", () => {
  const day = {
    ...recordedTrace([[]], 1000, 1),
    functions: [profileOf({ invocationsPerSlot: SlotCounts.from([1]) })],
  };
  assert.throws(() => generateSchedule({ ...day, slotMs: 86_400_000 }), {
    code: "usage",
    message: /slots of 86400000 ms; they may be of 1 ms to an hour/,
  });
  assert.throws(() => generateSchedule({ ...day, slots: 5 }, { startMs: 500 }), {
    code: "usage",
    message: /must start at a whole number of slots of 1 s from 0, not at minute 0.008/,
  });
});
