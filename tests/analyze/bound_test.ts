import assert from "node:assert/strict";
import { boundedValueOf, parseBound } from "../../lib/analyze/bound.ts";
import { deriveSummary } from "../../lib/analyze/summary.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { invocationTable } from "../support/invocation_rows.ts";

Deno.test("bounds: metrics in the words of comparisons, and the most in their unit", () => {
  const read = (text: string) => {
    const { metric, most } = parseBound(text);
    return [metric.name, most];
  };
  assert.deepEqual(read("p99 slowdown <= 5"), ["slowdown_p99", 5]);
  assert.deepEqual(read(" slowdown_p50<1.5 "), ["slowdown_p50", 1.5]);
  assert.deepEqual(read("p90 response time <= 200ms"), ["response_time_p90", 200]);
  assert.deepEqual(read("transport_latency p99 <= 2s"), ["transport_latency_p99", 2000]);
  assert.deepEqual(read("cold <= 1%"), ["cold", 0.01]);
  assert.deepEqual(read("not_ok <= 0.05"), ["not_ok", 0.05]);
});

Deno.test("bounds: what is none is told with what would be", () => {
  for (
    const text of ["", "p99 slowdown", "p99 slowdown > 5", "p98 slowdown <= 5", "cold <= 5ms"]
      .concat(
        ["p99 slowdown <= 0", "p99 slowdown <= 5%", "ready instances <= 3", "p99 slowdown <= five"],
      )
  ) {
    assert.throws(
      () => parseBound(text),
      (error) => error instanceof LoaderError && /such as "p99 slowdown <= 5"/.test(error.message),
      text,
    );
  }
});

Deno.test("bounds: a run's value, infinite among what was not ok, null of too few", () => {
  const rows = (count: number, notOk: number) =>
    deriveSummary(invocationTable(Array.from({ length: count }, (_, i) => ({
      scheduledMs: 0,
      completedMs: 20,
      requestedRuntimeMs: 10,
      outcome: i < notOk ? "rejected" as const : "ok" as const,
      coldStart: i % 2 === 0,
    }))));
  const of = (text: string, summary: ReturnType<typeof rows>) =>
    boundedValueOf(summary, parseBound(text));
  assert.equal(of("p99 slowdown <= 5", rows(1000, 0)), 2);
  assert.equal(of("p99 response time <= 5", rows(1000, 0)), 20);
  assert.equal(of("p99 slowdown <= 5", rows(1000, 11)), Infinity);
  assert.equal(of("p99 slowdown <= 5", rows(999, 0)), null);
  assert.equal(of("not ok <= 5%", rows(1000, 11)), 0.011);
  assert.equal(of("cold <= 5%", rows(0, 0)), null);
});
