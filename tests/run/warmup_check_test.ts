import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import { createInvocationRow, type InvocationRow } from "../../lib/model/record.ts";
import { WarmupWatch } from "../../lib/run/warmup_check.ts";
import { InvocationMemorySink } from "../support/memory_sink.ts";

function watch(rows: readonly Partial<InvocationRow>[]) {
  const sink = new InvocationMemorySink(["f"]);
  const watching = new WarmupWatch(120_000);
  const listening = watching.listen(sink);
  const reused = createInvocationRow();
  for (const row of rows) {
    listening.write(Object.assign(reused, {
      index: 0,
      functionIndex: 0,
      phase: "warmup",
      scheduledMs: 60_000,
      completedMs: 60_030,
      servedRuntimeMs: 20,
      outcome: "ok",
      ...row,
    }));
  }
  return { rows: sink.rows, check: watching.derive() };
}

Deno.test("WarmupWatch: every row goes on, those of the last minute that were served count", () => {
  const { rows, check } = watch([
    {},
    { scheduledMs: 119_999, completedMs: 120_500 },
    { scheduledMs: 59_999 },
    { phase: "measurement", scheduledMs: 120_000 },
    { outcome: "failed" },
    { servedRuntimeMs: NaN },
  ]);
  assert.equal(rows.length, 6);
  assert.equal(check.observations, 2);
  assert.equal(check.stationary, null);
});

function delays(createDelaysMs: (rng: Rng) => () => number): Partial<InvocationRow>[] {
  const nextMs = createDelaysMs(Rng.fromSeed(42));
  return Array.from({ length: 200 }, (_, i) => {
    const scheduledMs = 60_000 + i * 300;
    return { scheduledMs, completedMs: scheduledMs + 20 + nextMs() };
  });
}

Deno.test("WarmupWatch: noise about a level is stationary, whatever order it comes in", () => {
  const rows = delays((rng) => () => 5 + rng.nextFloat());
  const { check } = watch(rows);
  assert.equal(check.observations, 200);
  assert.equal(check.stationary, true);
  assert.deepEqual(watch(rows.toReversed()).check, check);
});

Deno.test("WarmupWatch: delays that drift away are not stationary", () => {
  const { check } = watch(delays((rng) => {
    let delayMs = 5;
    return () => delayMs += rng.nextFloat();
  }));
  assert.equal(check.stationary, false);
});
