import assert from "node:assert/strict";
import { BadRow } from "../../../lib/trace/import/logged_request.ts";
import { parseTimeStamp, parseZoneMs } from "../../../lib/trace/import/time_stamp.ts";

const HOUR_MS = 3_600_000;

/** Texts, and the instants that they tell in a zone two hours ahead where they name none. */
const STAMPS: readonly (readonly [value: unknown, iso: string, isWholeSecond: boolean])[] = [
  ["10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000Z", true],
  ["[10/Oct/2000:13:55:36 -0700]", "2000-10-10T20:55:36.000Z", true],
  ["29/Feb/2024:00:00:00 +0530", "2024-02-28T18:30:00.000Z", true],
  ["10/Oct/2000:13:55:36.250 +0000", "2000-10-10T13:55:36.250Z", false],
  ["2026-11-27T08:00:00Z", "2026-11-27T08:00:00.000Z", true],
  ["2026-11-27 08:00:00,123", "2026-11-27T06:00:00.123Z", false],
  ["2026-11-27T08:00:00.123456789+01:00", "2026-11-27T07:00:00.123Z", false],
  ["2026-11-27T08:00:00.5 UTC", "2026-11-27T08:00:00.500Z", false],
  ["2026-11-27\t08:00:00", "2026-11-27T06:00:00.000Z", true],
  ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z", true],
  [1795766400, "2026-11-27T08:00:00.000Z", true],
  ["1795766400.25", "2026-11-27T08:00:00.250Z", false],
  [1795766400.25, "2026-11-27T08:00:00.250Z", false],
  [1795766400123, "2026-11-27T08:00:00.123Z", false],
  ["1795766400123456", "2026-11-27T08:00:00.123Z", false],
  ["1795766400123456789", "2026-11-27T08:00:00.123Z", false],
];

Deno.test("time stamps: of the common log format, ISO 8601, and counts since 1970", () => {
  for (const [value, iso, isWholeSecond] of STAMPS) {
    const stamp = parseTimeStamp(value, 2 * HOUR_MS);
    assert.equal(new Date(stamp.stampMs).toISOString(), iso, String(value));
    assert.equal(stamp.isWholeSecond, isWholeSecond, String(value));
  }
});

Deno.test("time stamps: of nanoseconds the microseconds are kept", () => {
  const { stampMs } = parseTimeStamp("1795766400123456789", 0);
  assert.ok(Math.abs(stampMs - 1795766400123.4568) < 0.001, String(stampMs));
});

Deno.test("time stamps: what is none is told", () => {
  const wrong = [
    "",
    "-",
    "yesterday",
    "2026-02-30T00:00:00Z",
    "31/Feb/2026:00:00:00 +0000",
    "10/Oktober/2000:13:55:36 -0700",
    "2026-11-27T25:00:00Z",
    "2026-11-27T08:00:00 CET",
    "12345",
    12345,
    null,
    undefined,
    {},
    NaN,
    -1795766400,
  ];
  for (const value of wrong) {
    assert.throws(() => parseTimeStamp(value, 0), BadRow);
  }
});

Deno.test("zones are offsets", () => {
  assert.equal(parseZoneMs("+02:00"), 2 * HOUR_MS);
  assert.equal(parseZoneMs("-0730"), -7.5 * HOUR_MS);
  assert.equal(parseZoneMs("Z"), 0);
  assert.equal(parseZoneMs("Europe/Zurich"), null);
});
