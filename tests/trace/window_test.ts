import assert from "node:assert/strict";
import { countInvocations, validateWindow } from "../../lib/trace/window.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";

const MINUTE_MS = 60_000;
const TRACE = { name: "day", slotMs: MINUTE_MS, slots: 1440 };

Deno.test("validateWindow: windows inside the trace pass", () => {
  for (const [startMinute, minutes] of [[0, 1440], [0, 0.3], [1439, 1], [1439, 0.5]]) {
    validateWindow(TRACE, {
      startMs: startMinute * MINUTE_MS,
      lengthMs: minutes * MINUTE_MS,
    });
  }
});

Deno.test("validateWindow: others are refused", () => {
  const cases: readonly [startMinute: number, minutes: number, message: string][] = [
    [
      1438,
      3,
      "The trace day has 1440 minutes, the window asks for minutes 1438 to 1441; " +
      "start earlier or shorten the duration.",
    ],
    [
      1440,
      0.5,
      "The trace day has 1440 minutes, the window asks for minutes 1440 to 1440.5; " +
      "start earlier or shorten the duration.",
    ],
    [-1, 3, "A window must start at a whole number of slots of 60 s from 0, not at minute -1."],
    [0.5, 3, "A window must start at a whole number of slots of 60 s from 0, not at minute 0.5."],
    [0, 0, "The length of a window must be more than 0 minutes, got 0."],
    [0, NaN, "The length of a window must be more than 0 minutes, got NaN."],
  ];
  for (const [startMinute, minutes, message] of cases) {
    assert.throws(() =>
      validateWindow(TRACE, {
        startMs: startMinute * MINUTE_MS,
        lengthMs: minutes * MINUTE_MS,
      }), {
      code: "usage",
      message,
    });
  }
});

Deno.test("countInvocations: every minute that the window touches", () => {
  const profile = { invocationsPerSlot: SlotCounts.from([1, 10, 100, 1000]) };
  assert.equal(countInvocations(profile, { startMs: 60_000, lengthMs: 120_000 }, MINUTE_MS), 110);
  assert.equal(countInvocations(profile, { startMs: 0, lengthMs: 90_000 }, MINUTE_MS), 11);
});
