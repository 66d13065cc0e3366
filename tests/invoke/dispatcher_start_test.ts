import assert from "node:assert/strict";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { dispatch } from "../../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { Schedule, ScheduleChunk } from "../../lib/model/schedule.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import { createFakeTransport } from "../support/fake_transport.ts";
import { InvocationMemorySink, MemorySink } from "../support/memory_sink.ts";
import { profileWithCounts } from "../support/schedules.ts";

/** Two invocations of one function, which are the fourth and the eighth of a whole. */
const PART: Schedule = {
  functions: [profileWithCounts("f0", [])],
  durationMs: 1000,
  phases: [{ fromMs: 0, phase: "measurement" }],
  hash: () => Promise.resolve(""),
  *chunks(): IterableIterator<ScheduleChunk> {
    yield {
      scheduledMs: Float64Array.of(100, 200),
      functionIndex: Uint32Array.of(0, 0),
      runtimeMs: Uint32Array.of(10, 10),
      memoryMib: Uint32Array.of(10, 10),
      index: Float64Array.of(3, 7),
    };
  },
};

async function dispatchAt(
  startAtMs: number,
  { delayMs = 0, abortAtMs = Infinity }: { delayMs?: number; abortAtMs?: number } = {},
) {
  const clock = new VirtualClock();
  const { factory, log } = createFakeTransport(clock, () => ({ completeAfterMs: 5 }));
  const invocations = new InvocationMemorySink(["owner/app/f0"]);
  const stop = new AbortController();
  const starts: number[] = [];
  await clock.run((finish) => clock.at(delayMs, finish));
  if (abortAtMs < Infinity) clock.at(abortAtMs, () => stop.abort());
  const ran = dispatch({
    clock,
    schedule: PART,
    transport: factory,
    invocations,
    generator: new MemorySink(GENERATOR),
    maxInFlight: 10,
    timeoutMs: 1000,
    drainMs: 1000,
    limits: VERDICT_LIMITS,
    readCpuMs: null,
    signal: stop.signal,
    startAtMs,
    onStart: (runStartMs) => starts.push(runStartMs),
  });
  return { ran, log, starts, rows: invocations.rows };
}

Deno.test("dispatch: a start that is given is kept, and indices of a whole are kept too", async () => {
  const { ran, log, starts, rows } = await dispatchAt(5000);
  await ran;
  assert.deepEqual(starts, [5000]);
  assert.deepEqual(log.invokedAtMs, [5100, 5200]);
  assert.deepEqual(rows.map(({ index }) => index), [3, 7]);
});

Deno.test("dispatch: what was stopped before its start is cancelled, each with its index", async () => {
  const { ran, log, rows } = await dispatchAt(5000, { abortAtMs: 300 });
  assert.equal((await ran).interrupted, true);
  assert.deepEqual(log.invokedAtMs, []);
  assert.deepEqual(rows.map(({ index, outcome }) => [index, outcome]), [
    [3, "cancelled"],
    [7, "cancelled"],
  ]);
});

Deno.test("dispatch: a start that has passed is no start", async () => {
  const { ran, log } = await dispatchAt(5000, { delayMs: 6500 });
  await assert.rejects(
    ran,
    (error) =>
      error instanceof LoaderError && error.code === "generator" &&
      /ready to start 1\.500 s after the instant that was agreed on/.test(error.message),
  );
  assert.ok(log.closed, "the transport is closed");
  assert.deepEqual(log.invokedAtMs, []);
});
