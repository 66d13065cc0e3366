import assert from "node:assert/strict";
import { formatDuration, parseDurationMs } from "../../lib/run/option.ts";

Deno.test("parseDurationMs: units", () => {
  const cases: [string, number][] = [
    ["500ms", 500],
    ["20s", 20_000],
    ["1.5s", 1500],
    ["3min", 180_000],
    ["1h", 3_600_000],
    ["0", 0],
    ["0s", 0],
  ];
  for (const [text, durationMs] of cases) assert.equal(parseDurationMs(text), durationMs, text);
});

Deno.test("parseDurationMs: anything else says how to write it", () => {
  for (const text of ["", "20", "20 s", "-3s", "s", "1d", "1e3ms", "20S"]) {
    assert.throws(() => parseDurationMs(text), /write it as 500ms, 20s, 3min or 1h/, text);
  }
});

Deno.test("formatDuration: what is written is read back", () => {
  for (const durationMs of [0, 1, 250, 1000, 1500, 24_000, 60_000, 90_000, 3_600_000, 1234]) {
    assert.equal(parseDurationMs(formatDuration(durationMs)), durationMs);
  }
  assert.equal(formatDuration(90_000), "1.5min");
  assert.equal(formatDuration(24_000), "24s");
});
