import assert from "node:assert/strict";
import { checkWindowText, findWindow, isClosedWindow } from "../../lib/trace/window_text.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const DAY = { name: "day", slotMs: MINUTE_MS, slots: 1440 };
const SECONDS = { name: "seconds", slotMs: 1000, slots: 3600 };
/** Three days by the minute, from six in the morning on. */
const DATED = {
  name: "dated",
  slotMs: MINUTE_MS,
  slots: 3 * 1440,
  startMs: Date.UTC(2024, 4, 10, 6),
};

Deno.test("windows in every notation", () => {
  const cases = [
    ["480..540", DAY, 480, 540],
    ["480..", DAY, 480, null],
    ["0..1440", DAY, 0, 1440],
    ["2h..4h30min", DAY, 120, 270],
    ["2h..300", DAY, 120, 300],
    ["90s..120s", SECONDS, 1.5, 2],
    ["90s..100.25s", SECONDS, 1.5, 100.25 / 60],
    ["1min30s..", SECONDS, 1.5, null],
    ["08:00..12:30", DAY, 480, 750],
    ["8:00 .. 24:00", DAY, 480, 1440],
    ["00:01:30..00:02", SECONDS, 1.5, 2],
    ["07:00..08:00", DATED, 60, 120],
    ["day2T08:00..12:30", DATED, 26 * 60, 30 * 60 + 30],
    ["day1T23:00..day2T01:00", DATED, 17 * 60, 19 * 60],
    ["day2T00:00..", DATED, 18 * 60, null],
    ["2024-05-11..2024-05-12", DATED, 18 * 60, 42 * 60],
    ["2024-05-11T06:00Z..", DATED, 24 * 60, null],
    ["2024-05-11T06:00:00z..2024-05-11T10:30+02:00", DATED, 24 * 60, 26 * 60 + 30],
  ] as const;
  for (const [text, trace, from, to] of cases) {
    assert.equal(checkWindowText(text), text);
    assert.equal(isClosedWindow(text), to !== null, text);
    assert.deepEqual(
      findWindow(text, trace),
      { fromMs: from * MINUTE_MS, toMs: to === null ? null : to * MINUTE_MS },
      text,
    );
  }
});

Deno.test("what is no window is told in one sentence, before a trace is read", () => {
  for (
    const [text, message] of [
      ["480", /^"480" is not a window; write it as 480\.\.540 .*\.$/],
      ["", /^"" is not a window/],
      ["1..2..3", /^"1\.\.2\.\.3" is not a window/],
      ["..540", /^"" is no place in a trace/],
      ["-5..5", /^"-5" is no place in a trace/],
      ["1.5..2", /^"1.5" is no place/],
      ["2024-05-11T06:00..", /^"2024-05-11T06:00" is no place/],
      ["08:60..", /^"08:60" is no time of a day/],
      ["24:01..", /^"24:01" is no time of a day/],
      ["day0T08:00..", /^"day0T08:00" is no time of a day/],
      ["2024-02-30..", /^"2024-02-30" is no date of the calendar\.$/],
      ["2024-13-01..", /^"2024-13-01" is no date of the calendar\.$/],
      ["08:00..540", /^"08:00" and "540" are written in two ways; write both ends alike\.$/],
      ["2024-05-11..12:30", /are written in two ways/],
    ] as const
  ) {
    assert.throws(() => checkWindowText(text), { message }, text);
  }
});

Deno.test("what does not suit the trace is told in its notation", () => {
  for (
    const [text, trace, message] of [
      ["90s..", DAY, /slots of 60 s, and 1min30s is inside of one; begin at 1min or 2min\.$/],
      [
        "08:00:30..",
        DAY,
        /and day1T08:00:30 is inside of one; begin at day1T08:00 or day1T08:01\.$/,
      ],
      [
        "2024-05-11T06:00:30Z..",
        DATED,
        /begin at 2024-05-11T06:00:00Z or 2024-05-11T06:01:00Z\.$/,
      ],
      ["1500ms..", SECONDS, /slots of 1 s, and 1s500ms is inside of one; begin at 1s or 2s\.$/],
      ["1440..", DAY, /the trace day has 1440 minutes, from 0 to 1440; choose a window within/],
      ["0..1441", DAY, /has 1440 minutes, from 0 to 1440/],
      ["1h..25h", DAY, /has 1440 minutes, from 0 to 24h;/],
      ["05:00..07:00", DATED, /from day1T06:00 to day4T06:00; choose a window within them\.$/],
      ["2024-05-09..", DATED, /from 2024-05-10T06:00:00Z to 2024-05-13T06:00:00Z/],
      ["540..480", DAY, /the window ends at 480, not after it begins \(540\)\.$/],
      ["12:30..08:00", DAY, /ends at day1T08:00, not after it begins \(day1T12:30\)/],
      [
        "2024-05-11..",
        DAY,
        /^--window 2024-05-11\.\.: the trace day does not tell on which day it began, .*\.$/,
      ],
    ] as const
  ) {
    assert.throws(() => findWindow(text, trace), { code: "usage", message }, text);
  }
  assert.equal(findWindow(`${DAY_MS / MINUTE_MS - 1}..`, DAY).fromMs, DAY_MS - MINUTE_MS);
});
