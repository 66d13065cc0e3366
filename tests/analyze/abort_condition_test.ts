import assert from "node:assert/strict";
import { parseAbortCondition } from "../../lib/analyze/abort_condition.ts";

Deno.test("abort conditions: metric, percentile, sign, bound and for how long", () => {
  const cases = [
    ["p99 lag > 20ms for 10s", "lag", 0.99, ">", 20, 10_000],
    ["max response time > 1.5s", "response_time", 1, ">", 1500, 1000],
    ["response_time_p50>2min for 1min", "response_time", 0.5, ">", 120_000, 60_000],
    ["slowdown p99.9 > 100 for 2s", "slowdown", 0.999, ">", 100, 2000],
    ["rate < 95% for 5s", "rate", null, "<", 0.95, 5000],
    ["not ok > 50%", "not_ok", null, ">", 0.5, 1000],
    ["in_flight > 1000", "in_flight", null, ">", 1000, 1000],
  ] as const;
  for (const [text, metric, quantile, sign, bound, forMs] of cases) {
    assert.deepEqual(parseAbortCondition(text), { text, metric, quantile, sign, bound, forMs });
  }
});

Deno.test("abort conditions: what is none is said", () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ["lag > 20ms", /write a metric, > or <, a bound and how long.*metrics: p99 lag, /],
    ["p99 rate < 9%", /write a metric/],
    ["p99 lag", /write a metric/],
    ["p99 lag > 20%", /its bound is a time, such as 20ms\.$/],
    ["rate < 95", /its bound is a share, such as 95%\.$/],
    ["p99 slowdown > 5ms", /its bound is a number without a unit, such as 5\.$/],
    ["p99 lag > 20ms for 100ms", /looked at once a second, so say for how many, not for 100ms\.$/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseAbortCondition(text), { message });
});
