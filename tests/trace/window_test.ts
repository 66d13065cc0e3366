import assert from "node:assert/strict";
import { countInvocations, validateWindow } from "../../lib/trace/window.ts";

const TRACE = { name: "day", minutes: 1440 };

Deno.test("validateWindow: windows inside the trace pass", () => {
  for (const [startMinute, minutes] of [[0, 1440], [0, 0.3], [1439, 1], [1439, 0.5]]) {
    validateWindow(TRACE, { startMinute, minutes });
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
    [-1, 3, "The start minute of a window must be a whole number from 0, got -1."],
    [0.5, 3, "The start minute of a window must be a whole number from 0, got 0.5."],
    [0, 0, "The length of a window must be more than 0 minutes, got 0."],
    [0, NaN, "The length of a window must be more than 0 minutes, got NaN."],
  ];
  for (const [startMinute, minutes, message] of cases) {
    assert.throws(() => validateWindow(TRACE, { startMinute, minutes }), {
      code: "usage",
      message,
    });
  }
});

Deno.test("countInvocations: every minute that the window touches", () => {
  const profile = { invocationsPerMinute: Uint32Array.of(1, 10, 100, 1000) };
  assert.equal(countInvocations(profile, { startMinute: 1, minutes: 2 }), 110);
  assert.equal(countInvocations(profile, { startMinute: 0, minutes: 1.5 }), 11);
});
