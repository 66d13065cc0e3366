import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { neverAborted } from "../../lib/base/signal.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { dispatch, type DispatchOptions } from "../../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { CallColumns } from "../../lib/model/platform.ts";
import { OUTCOMES } from "../../lib/model/record.ts";
import type { Schedule } from "../../lib/model/schedule.ts";
import { functionKey } from "../../lib/model/trace.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import type { FakeAnswer } from "../support/fake_transport.ts";
import { LateClock } from "../support/late_clock.ts";
import { InvocationMemorySink, MemorySink } from "../support/memory_sink.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";
import { type FakeRun, runFake } from "./fake_run.ts";

async function tryDispatch(
  schedule: Schedule,
  answer: (calls: CallColumns, slot: number) => FakeAnswer,
  options: Partial<DispatchOptions> = {},
  beforeRun: (clock: VirtualClock) => void = () => {},
): Promise<FakeRun> {
  const clock = new VirtualClock();
  beforeRun(clock);
  return await runFake(clock, schedule, answer, options);
}

function createInvocationSink(schedule: Schedule): InvocationMemorySink {
  return new InvocationMemorySink(schedule.functions.map(functionKey));
}

const inMs = (completeAfterMs: number) => (): FakeAnswer => ({ completeAfterMs });

Deno.test("dispatch: each invocation is sent when it is due and recorded with its three times", async () => {
  const schedule = generateSchedule(traceWithCounts([20, 10], [5, 5]));
  const { rows, log, result } = await tryDispatch(schedule, inMs(25));
  const expected = listInvocations(schedule);
  assert.equal(rows.length, expected.length);
  assert.equal(log.invokedAtMs.length, expected.length);
  rows.forEach((row, i) => {
    const { scheduledMs, functionIndex, runtimeMs, memoryMib } = expected[i];
    assert.equal(row.index, i);
    assert.equal(row.function_id, `owner/app/f${functionIndex}`);
    assert.equal(row.scheduled_ms, scheduledMs);
    assert.ok(Math.abs(Number(row.dispatched_ms) - scheduledMs) < 1e-6);
    assert.ok(Math.abs(Number(row.completed_ms) - scheduledMs - 25) < 1e-6);
    assert.deepEqual(
      [
        row.requested_runtime_ms,
        row.served_runtime_ms,
        row.requested_memory_mib,
        row.served_memory_mib,
      ],
      [runtimeMs, runtimeMs, memoryMib, memoryMib / 2],
    );
    assert.deepEqual([row.outcome, row.status_code, row.phase], ["ok", 0, "measurement"]);
  });
  assert.equal(result.verdict.verdict, "VALID");
  assert.ok(log.closed);
});

Deno.test("dispatch: what is traced goes out with its traceparent, and has the trace's id in its row", async () => {
  const schedule = generateSchedule(traceWithCounts([120]));
  const sent: (string | null)[] = [];
  const traceparentOf = (index: number) =>
    index % 3 === 0 ? `00-${String(index).padStart(32, "0")}-00000000000000b7-01` : null;
  const answer = (calls: CallColumns, slot: number): FakeAnswer => {
    sent.push(calls.traceparent[slot]);
    return { completeAfterMs: 1500 };
  };
  const { rows } = await tryDispatch(schedule, answer, { traceparentOf, maxInFlight: 3 });
  assert.ok(sent.includes(null) && sent.some((traceparent) => traceparent !== null));
  const ids = (indices: number[]) =>
    indices.filter((index) => index % 3 === 0).map((index) => String(index).padStart(32, "0"));
  const byIndex = rows.toSorted((a, b) => Number(a.index) - Number(b.index));
  const indices = byIndex.filter(({ outcome }) => outcome === "ok").map(({ index }) =>
    Number(index)
  );
  assert.deepEqual(byIndex.flatMap(({ trace_id }) => trace_id ?? []), ids(indices));
  // What never was sent has no trace.
  const dropped = byIndex.filter(({ outcome }) => outcome === "dropped");
  assert.ok(dropped.some(({ index }) => Number(index) % 3 === 0));
  assert.deepEqual(
    sent.flatMap((traceparent) => traceparent?.slice(3, 35) ?? []),
    ids(indices),
  );
});

Deno.test("dispatch: open loop: slow replies delay no dispatch", async () => {
  const schedule = generateSchedule(traceWithCounts([200]));
  const { rows, log } = await tryDispatch(schedule, inMs(5000));
  assert.ok(log.mostInFlight > 10);
  for (const row of rows) {
    assert.ok(Math.abs(Number(row.dispatched_ms) - Number(row.scheduled_ms)) < 1e-6);
  }
});

Deno.test("dispatch: what is beyond the in-flight cap is dropped, never late", async () => {
  const schedule = generateSchedule(traceWithCounts([120]));
  const { rows, log, result } = await tryDispatch(schedule, inMs(4000), { maxInFlight: 3 });
  const dropped = rows.filter((row) => row.outcome === "dropped");
  assert.ok(dropped.length > 0);
  assert.equal(log.mostInFlight, 3);
  assert.equal(rows.length, 120);
  for (const row of dropped) {
    assert.deepEqual(
      [row.dispatched_ms, row.completed_ms, row.status_code, row.instance, row.cold_start],
      [null, null, null, null, null],
    );
  }
  assert.equal(result.outcomes.dropped, dropped.length);
  assert.equal(result.verdict.verdict, "GENERATOR-LIMITED");
});

Deno.test("dispatch: stragglers are given up at the end of the drain", async () => {
  const schedule = generateSchedule(traceWithCounts([10]));
  const { rows, log, result } = await tryDispatch(schedule, () => ({ completeAfterMs: null }), {
    drainMs: 2000,
  });
  assert.equal(result.outcomes.timed_out, 10);
  assert.equal(log.cancelledSlots.length, 10);
  for (const row of rows) {
    assert.deepEqual([row.outcome, row.status_code, row.completed_ms], ["timed_out", null, 62_000]);
  }
});

Deno.test("dispatch: what was never sent by the end of the drain is unsent, not timed out", async () => {
  const schedule = generateSchedule(traceWithCounts([10]));
  const { rows, result } = await tryDispatch(
    schedule,
    () => ({ dispatchAfterMs: null, completeAfterMs: null, peerWaitMs: 7 }),
    { drainMs: 2000 },
  );
  assert.equal(result.outcomes.unsent, 10);
  assert.equal(result.outcomes.timed_out, 0);
  assert.equal(result.verdict.verdict, "PLATFORM-LIMITED");
  for (const row of rows) {
    assert.deepEqual(
      [row.outcome, row.status_code, row.dispatched_ms, row.completed_ms, row.peer_wait_ms],
      ["unsent", null, null, null, 7],
    );
  }
});

Deno.test("dispatch: set-up of a connection and waiting for the peer are not the generator's lag", async () => {
  const schedule = generateSchedule(traceWithCounts([1000]));
  const { rows, seconds, result } = await tryDispatch(
    schedule,
    () => ({ dispatchAfterMs: 2000, completeAfterMs: 2010, setUpMs: 4, peerWaitMs: 1995.5 }),
  );
  const { evidence } = result.verdict;
  assert.equal(evidence.lateDispatches, 0);
  assert.ok(Math.abs(evidence.dispatchLagMaxMs! - 0.5) < 1e-6, String(evidence.dispatchLagMaxMs));
  assert.ok(seconds.every(({ dispatch_lag_max_ms }) => Number(dispatch_lag_max_ms ?? 0) < 0.501));
  // All of them waited for the platform.
  assert.equal(result.verdict.verdict, "PLATFORM-LIMITED");
  for (const row of rows) assert.deepEqual([row.set_up_ms, row.peer_wait_ms], [4, 1995.5]);
});

Deno.test("dispatch: the drain ends as soon as the last straggler is back", async () => {
  const schedule = generateSchedule(traceWithCounts([10]));
  const { rows, seconds, result } = await tryDispatch(schedule, inMs(20_000), {
    drainMs: 900_000,
  });
  const lastMs = Math.max(60_000, ...rows.map((row) => Number(row.completed_ms)));
  assert.equal(result.outcomes.ok, 10);
  assert.equal(seconds.at(-1)!.time_ms, lastMs);
});

Deno.test("dispatch: a call that never got a connection was never dispatched", async () => {
  const schedule = generateSchedule(traceWithCounts([5]));
  const { rows, result } = await tryDispatch(schedule, () => ({
    dispatchAfterMs: null,
    completeAfterMs: 15_000,
    outcome: "connect_failed",
    statusCode: null,
  }), { drainMs: 60_000 });
  assert.equal(result.outcomes.connect_failed, 5);
  for (const row of rows) assert.deepEqual([row.dispatched_ms, row.completed_ms], [null, null]);
  assert.equal(result.verdict.verdict, "PLATFORM-LIMITED");
});

Deno.test("dispatch: an interrupt cancels what is out and what is still to come", async () => {
  const schedule = generateSchedule(traceWithCounts([100, 100]));
  const controller = new AbortController();
  const { rows, result } = await tryDispatch(
    schedule,
    inMs(3000),
    { signal: controller.signal },
    (clock) => {
      clock.at(30_000, () => controller.abort());
    },
  );
  assert.equal(rows.length, 200);
  assert.deepEqual(new Set(rows.map((row) => row.index)).size, 200);
  assert.ok(result.interrupted);
  const cancelled = rows.filter((row) => row.outcome === "cancelled");
  assert.ok(cancelled.some((row) => row.dispatched_ms !== null), "in flight");
  assert.ok(cancelled.some((row) => row.dispatched_ms === null), "to come");
  assert.equal(result.outcomes.ok + result.outcomes.cancelled, 200);
  // Nobody can tell what they would have come to.
  const { measured, measuredNotOk } = result.verdict.evidence;
  assert.deepEqual([measured, measuredNotOk], [result.outcomes.ok, 0]);
  assert.ok(
    rows.filter((row) => row.dispatched_ms !== null).every((row) =>
      Number(row.dispatched_ms) < 30_000
    ),
  );
});

Deno.test("dispatch: an interrupt of a long schedule lets other things happen meanwhile", async () => {
  const schedule = generateSchedule(traceWithCounts([100_000]));
  const controller = new AbortController();
  const invocations = createInvocationSink(schedule);
  let rowsAtNextTimer = 0;
  await tryDispatch(schedule, inMs(1), { signal: controller.signal, invocations }, (clock) => {
    clock.at(1, () => {
      controller.abort();
      clock.at(1, () => {
        rowsAtNextTimer = invocations.rows.length;
      });
    });
  });
  assert.ok(rowsAtNextTimer < 100_000, `${rowsAtNextTimer} rows in one go`);
  assert.equal(invocations.rows.length, 100_000);
});

Deno.test("dispatch: an interrupt before the start sends nothing", async () => {
  const schedule = generateSchedule(traceWithCounts([10]));
  const { log, result } = await tryDispatch(schedule, inMs(1), {
    signal: AbortSignal.abort(new Error("stop")),
  });
  assert.equal(log.invokedAtMs.length, 0);
  assert.equal(result.outcomes.cancelled, 10);
});

Deno.test("dispatch: every scheduled invocation ends in exactly one row, whatever becomes of it", async () => {
  const fate = fc.record({
    completeAfterMs: fc.option(fc.integer({ min: 0, max: 40_000 }), { nil: null }),
    dispatchAfterMs: fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }),
    outcome: fc.constantFrom(...OUTCOMES),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.option(fc.integer({ min: 0, max: 90_000 }), { nil: null }),
      async (fates, maxInFlight, abortAtMs) => {
        const controller = new AbortController();
        let invoked = 0;
        const { rows, result } = await tryDispatch(
          generateSchedule(traceWithCounts([30, 10], [5, 0])),
          () => fates[invoked++ % fates.length],
          { maxInFlight, signal: controller.signal, drainMs: 20_000 },
          (clock) => {
            if (abortAtMs !== null) {
              clock.at(abortAtMs, () => controller.abort());
            }
          },
        );
        assert.deepEqual(
          rows.map((row) => Number(row.index)).sort((a, b) => a - b),
          Array.from({ length: 45 }, (_, i) => i),
        );
        const counted = Object.values(result.outcomes).reduce((sum, count) => sum + count, 0);
        assert.equal(counted, 45);
      },
    ),
    { seed: 41, numRuns: 150 },
  );
});

Deno.test("dispatch: the seconds of the generator add up to the run", async () => {
  const schedule = generateSchedule(traceWithCounts([90]));
  const { seconds } = await tryDispatch(schedule, inMs(700));
  const sum = (column: string) => seconds.reduce((total, row) => total + Number(row[column]), 0);
  assert.deepEqual([sum("scheduled"), sum("dispatched"), sum("completed")], [90, 90, 90]);
  assert.equal(seconds[0].time_ms, 1000);
  assert.equal(seconds.at(-1)!.in_flight, 0);
  assert.equal(seconds.at(-1)!.requested_memory_mib, 0);
  assert.ok(seconds.some((row) => Number(row.requested_memory_mib) > 0));
});

Deno.test("dispatch: a late dispatch counts as lag and decides the verdict", async () => {
  const schedule = generateSchedule(traceWithCounts([100]));
  let calls = 0;
  const { result } = await tryDispatch(schedule, () => ({
    dispatchAfterMs: calls++ % 20 === 0 ? 8 : 0,
    completeAfterMs: 100,
  }));
  assert.equal(result.verdict.verdict, "GENERATOR-LIMITED");
  assert.equal(result.verdict.evidence.lateDispatches, 5);
  assert.equal(result.verdict.evidence.dispatchLagMaxMs, 8);
});

Deno.test("dispatch: warm-up is recorded and not judged", async () => {
  const schedule = generateSchedule(traceWithCounts([50, 50]), { warmupMs: 60_000 });
  const { rows, result } = await tryDispatch(schedule, (calls, slot) => ({
    completeAfterMs: 10,
    outcome: calls.deadlineMs[slot] < 120_000 ? "failed" : "ok",
    statusCode: 13,
  }));
  assert.equal(rows.filter((row) => row.phase === "warmup").length, 50);
  assert.equal(result.outcomes.failed, 50);
  assert.equal(result.verdict.evidence.measured, 50);
  assert.equal(result.verdict.evidence.measuredNotOk, 0);
  assert.equal(result.verdict.verdict, "VALID");
});

Deno.test("dispatch: an empty schedule ends at the end of its window", async () => {
  const { rows, result } = await tryDispatch(generateSchedule(traceWithCounts([0])), inMs(1));
  assert.deepEqual(rows, []);
  assert.equal(result.verdict.verdict, "VALID");
});

Deno.test("dispatch: a transport that cannot connect ends the run with its error", async () => {
  const clock = new VirtualClock();
  const schedule = generateSchedule(traceWithCounts([1]));
  await assert.rejects(
    dispatch({
      clock,
      schedule,
      transport: () => Promise.reject(new Error("no connection")),
      invocations: createInvocationSink(schedule),
      generator: new MemorySink(GENERATOR),
      maxInFlight: 1,
      timeoutMs: 1,
      drainMs: 1,
      limits: VERDICT_LIMITS,
      readCpuMs: null,
      signal: neverAborted(),
    }),
    /no connection/,
  );
});

Deno.test("dispatch: a busy second counts, what is left over at the end does not", async () => {
  const schedule = generateSchedule(traceWithCounts([1]), { durationMs: 3_300 });
  let cpuMs = 0;
  // Each reading finds 950 ms more: too much for every whole second.
  const { seconds, result } = await tryDispatch(schedule, inMs(10), {
    readCpuMs: () => cpuMs += 950,
  });
  assert.deepEqual(seconds.map((row) => row.cpu_percent), [95, 95, 95, null]);
  assert.deepEqual(result.verdict.evidence.busySeconds, [0, 1, 2]);
  assert.equal(result.verdict.evidence.seconds, 3);
  assert.equal(result.verdict.verdict, "GENERATOR-LIMITED");
});

Deno.test("dispatch: when the platform is gone, nothing counts as cancelled by the user", async () => {
  const schedule = generateSchedule(traceWithCounts([100]));
  const controller = new AbortController();
  const { rows, result } = await tryDispatch(
    schedule,
    inMs(3000),
    { signal: controller.signal },
    (clock) => {
      clock.at(30_000, () => controller.abort(new LoaderError("platform", "It is gone.")));
    },
  );
  assert.equal(rows.length, 100);
  assert.equal(result.outcomes.cancelled, 0);
  assert.ok(result.outcomes.failed > 0, "in flight");
  assert.ok(result.outcomes.connect_failed > 0, "to come");
});

Deno.test("dispatch: a sink that ends the run gets one row of each invocation all the same", async () => {
  const schedule = generateSchedule(traceWithCounts([100, 50]));
  // Of a call that was answered, and of one that was dropped.
  for (const [maxInFlight, outcome] of [[1000, "ok"], [1, "dropped"]] as const) {
    for (const at of [1, 20]) {
      const stop = new AbortController();
      const rows: number[] = [];
      let met = 0;
      const { result } = await tryDispatch(schedule, inMs(3000), {
        maxInFlight,
        signal: stop.signal,
        invocations: {
          write(row) {
            rows.push(row.index);
            if (row.outcome === outcome && ++met === at) stop.abort();
          },
        },
      });
      assert.equal(result.outcomes[outcome], at);
      assert.ok(result.outcomes.cancelled > 0);
      assert.deepEqual(
        rows.toSorted((a, b) => a - b),
        Array.from({ length: 150 }, (_, index) => index),
      );
    }
  }
});

Deno.test("dispatch: what peers say of calls that fail is counted, of others not heard", async () => {
  const schedule = generateSchedule(traceWithCounts([30]));
  let call = 0;
  const { result } = await tryDispatch(schedule, (calls, slot) => {
    const turn = call++ % 3;
    calls.statusMessage[slot] = turn === 0 ? "all fine" : turn === 1 ? "no room" : null;
    if (turn === 0) return { completeAfterMs: 1 };
    return { completeAfterMs: 1, outcome: "rejected", statusCode: turn === 1 ? 8 : 14 };
  });
  assert.deepEqual(result.complaints, [
    { outcome: "rejected", statusCode: 8, message: "no room", count: 10 },
  ]);
});

Deno.test("dispatch: the next chunk is there before it is due, made in steps between the calls", async () => {
  const whole = generateSchedule(traceWithCounts([600, 600]));
  const clock = new LateClock(() => 0);
  const [first, second] = [...whole.chunks()];
  /** When each step was taken, on the clock. */
  const takenMs: number[] = [];
  const schedule: Schedule = {
    functions: whole.functions,
    durationMs: whole.durationMs,
    phases: whole.phases,
    chunks: () => assert.fail("a real clock asks for steps"),
    hash: () => whole.hash(),
    *steps() {
      yield first;
      for (let step = 0; step < 100; step++) {
        takenMs.push(clock.nowMs());
        clock.work(0.03);
        yield null;
      }
      yield second;
    },
  };
  const { rows, result } = await runFake(clock, schedule, inMs(5));
  assert.equal(rows.length, 1200);
  assert.equal(takenMs.length, 100);
  // Two steps at once, and a pause of a millisecond.
  assert.ok(takenMs[99] - takenMs[0] > 45, `${takenMs[99] - takenMs[0]} ms`);
  assert.ok(takenMs[99] < 1000);
  assert.equal(result.outcomes.ok, 1200);
});
