import assert from "node:assert/strict";
import { parseDuration, unitOfName } from "../../../lib/trace/import/duration.ts";
import { BadRow } from "../../../lib/trace/import/logged_request.ts";

Deno.test("durations: bare numbers by their unit, others by their own", () => {
  const durations = [
    ["0.017", "s", 17],
    ["17", "ms", 17],
    [17, "us", 0.017],
    [17, "ns", 0.000017],
    ["1e-3", "s", 1],
    ["12ms", "s", 12],
    ["1.5s", null, 1500],
    ["1m2.5s", null, 62_500],
    ["350µs", null, 0.35],
    ["0.002, 0.1 : 0.3", "s", 402],
    ["0.002, -", "s", 2],
    ["-", "s", null],
    ["", "s", null],
    [undefined, "s", null],
    [0, "s", 0],
  ] as const;
  for (const [value, unit, durationMs] of durations) {
    const parsed = parseDuration(value, unit);
    if (durationMs === null) assert.equal(parsed, null);
    else assert.ok(Math.abs(parsed! - durationMs) < 1e-9, `${value}: ${parsed}`);
  }
});

Deno.test("durations: negative ones, texts and unknown units are bad rows", () => {
  for (
    const [value, unit] of [["-1", "s"], [-1, "s"], ["fast", "s"], ["17", null], [
      "1e9",
      "s",
    ]] as const
  ) {
    assert.throws(() => parseDuration(value, unit), BadRow);
  }
  assert.throws(() => parseDuration(true, "s"), BadRow);
});

Deno.test("durations: names of fields tell units", () => {
  const units = {
    duration_ms: "ms",
    durationMs: "ms",
    "latency.seconds": "s",
    elapsed_us: "us",
    endTimeUnixNano: "ns",
    http_server_request_duration_seconds: "s",
    duration: null,
    status: null,
    items: null,
  };
  for (const [name, unit] of Object.entries(units)) assert.equal(unitOfName(name), unit, name);
});
