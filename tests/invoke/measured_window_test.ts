import assert from "node:assert/strict";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { type DispatchOptions, RUN_LEAD_MS } from "../../lib/invoke/dispatcher.ts";
import type { CallColumns } from "../../lib/model/platform.ts";
import type { PhaseSpan, Schedule } from "../../lib/model/schedule.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import type { FakeAnswer } from "../support/fake_transport.ts";
import { LateClock } from "../support/late_clock.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { traceWithCounts } from "../support/schedules.ts";
import { runFake } from "./fake_run.ts";

/** How a generator is disturbed; times since run start. */
interface Disturbance {
  /** How late the timer due then is. */
  readonly lateMs?: (timeMs: number) => number;
  /** CPU time used until then. */
  readonly cpuMs?: (timeMs: number) => number;
  readonly answer?: (calls: CallColumns, slot: number) => FakeAnswer;
}

const prompt = (): FakeAnswer => ({ completeAfterMs: 10 });

async function observe(
  schedule: Schedule,
  { lateMs = () => 0, cpuMs = () => 0, answer = prompt }: Disturbance,
  options: Partial<DispatchOptions> = {},
  beforeRun: (clock: LateClock) => void = () => {},
) {
  const clock = new LateClock((dueMs) => lateMs(dueMs - RUN_LEAD_MS));
  beforeRun(clock);
  const { rows, seconds, result } = await runFake(clock, schedule, answer, {
    timeoutMs: 3_600_000,
    drainMs: 900_000,
    readCpuMs: () => cpuMs(clock.nowMs() - RUN_LEAD_MS),
    ...options,
  });
  return { rows, seconds, ...result };
}

/** The schedule with other phases. */
function withPhases(schedule: Schedule, phases: readonly PhaseSpan[]): Schedule {
  return {
    functions: schedule.functions,
    durationMs: schedule.durationMs,
    phases,
    chunks: (options) => schedule.chunks(options),
    hash: () => schedule.hash(),
  };
}

const THREE_MINUTES = generateSchedule(traceWithCounts([300, 300, 300]));

/** Each 20th probe of the event loop 15 ms late, within a span of time. */
const lateProbes = (fromMs: number, untilMs: number) => (timeMs: number) =>
  timeMs % 400 === 140 && timeMs >= fromMs && timeMs < untilMs ? 15 : 0;

/** A whole core from `fromMs` to `untilMs`. */
const busy = (fromMs: number, untilMs: number) => (timeMs: number) =>
  Math.max(0, Math.min(timeMs, untilMs) - fromMs);

/** The first call never ends. */
const oneHangs = () => {
  let calls = 0;
  return (): FakeAnswer => ({ completeAfterMs: calls++ === 0 ? null : 10 });
};

Deno.test("the verdict does not change when one call hangs until the drain ends", async () => {
  for (const answer of [prompt, oneHangs()]) {
    const { verdict, outcomes } = await observe(THREE_MINUTES, {
      lateMs: lateProbes(0, 180_000),
      cpuMs: busy(0, 40_000),
      answer,
    });
    assert.equal(outcomes.timed_out, answer === prompt ? 0 : 1);
    const { evidence } = verdict;
    assert.equal(verdict.verdict, "GENERATOR-LIMITED");
    // Probes are due from 20 ms on, every 20 ms, until the window ends at 180 s.
    assert.deepEqual([evidence.lateLoopProbes, evidence.loopProbes], [450, 8999]);
    assert.deepEqual([evidence.busySeconds.length, evidence.seconds], [40, 180]);
    assert.equal(verdict.reasons.length, 2);
  }
});

Deno.test("what the generator does in warm-up and drain is not judged", async () => {
  const schedule = withPhases(THREE_MINUTES, [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 60_000, phase: "measurement" },
  ]);
  const { verdict, seconds } = await observe(schedule, {
    lateMs: (timeMs) => timeMs < 60_000 || timeMs >= 180_000 ? lateProbes(0, 1e9)(timeMs) : 0,
    cpuMs: (timeMs) => busy(0, 60_000)(timeMs) + busy(180_000, 500_000)(timeMs),
    answer: oneHangs(),
  }, { drainMs: 300_000 });
  assert.equal(verdict.verdict, "VALID");
  assert.deepEqual(verdict.evidence.busySeconds, []);
  assert.equal(verdict.evidence.seconds, 120);
  assert.equal(verdict.evidence.lateLoopProbes, 0);
  assert.equal(verdict.evidence.loopProbes, 6000);
  // All of it stands in the table.
  assert.equal(seconds.length, 480);
  const phases = seconds.map(({ phase }) => phase);
  assert.deepEqual(
    ["warmup", "measurement", "drain"].map((phase) => phases.indexOf(phase)),
    [0, 60, 180],
  );
  assert.equal(seconds[10].cpu_percent, 100);
  assert.equal(seconds[200].loop_delay_max_ms, 15);
});

Deno.test("lag and drops count by the phase in which the invocation was due", async () => {
  const schedule = withPhases(generateSchedule(traceWithCounts([600, 600])), [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 60_000, phase: "measurement" },
  ]);
  let calls = 0;
  const { verdict, rows, outcomes } = await observe(schedule, {
    // Until the end of the warm-up, all calls are late, and all but the first 50 dropped.
    answer: () => {
      const isWarm = calls++ < 50;
      return { dispatchAfterMs: isWarm ? 100 : 1, completeAfterMs: isWarm ? 59_000 : 10 };
    },
  }, { maxInFlight: 50 });
  const measured = rows.filter(({ phase }) => phase === "measurement");
  assert.ok(outcomes.dropped > 0);
  assert.equal(measured.filter(({ outcome }) => outcome === "dropped").length, 0);
  assert.equal(verdict.verdict, "VALID", verdict.reasons.join(" "));
  assert.deepEqual(
    [verdict.evidence.dispatched, verdict.evidence.dropped, verdict.evidence.lateDispatches],
    [600, 0, 0],
  );
  assert.ok(verdict.evidence.dispatchLagMaxMs! < 2);
});

Deno.test("a stop of the user ends what is judged", async () => {
  const controller = new AbortController();
  const { verdict, seconds, outcomes } = await observe(
    THREE_MINUTES,
    { cpuMs: busy(20_000, 1e9), answer: () => ({ completeAfterMs: 1000 }) },
    { signal: controller.signal },
    (clock) => void clock.at(RUN_LEAD_MS + 20_000, () => controller.abort()),
  );
  assert.deepEqual([verdict.evidence.seconds, verdict.evidence.busySeconds], [20, []]);
  assert.equal(seconds.length, 20);
  // What the user stopped, dispatched or not, is neither measured nor not ok.
  assert.ok(outcomes.ok > 0 && outcomes.ok + outcomes.cancelled === 900);
  assert.deepEqual([verdict.evidence.measured, verdict.evidence.measuredNotOk], [outcomes.ok, 0]);
});

Deno.test("a dispatch stands in the second in which it was made, however long its call takes", async () => {
  const { seconds, rows } = await observe(THREE_MINUTES, {
    answer: (calls, slot) => ({ completeAfterMs: 30_000 + 1000 * (calls.runtimeMs[slot] % 7) }),
  });
  const made = new Array(seconds.length).fill(0);
  for (const row of rows) made[Math.floor(Number(row.dispatched_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ dispatched }) => dispatched), made);
  const due = new Array(seconds.length).fill(0);
  for (const row of rows) due[Math.floor(Number(row.scheduled_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ scheduled }) => scheduled), due);
});

Deno.test("a call that was handed over late is booked where it was dispatched", async () => {
  // Dispatched 300 ms after they were handed over, which only the columns tell.
  const { seconds, rows } = await observe(THREE_MINUTES, {
    answer: () => ({ dispatchAfterMs: 300, completeAfterMs: 20_000 }),
  });
  const made = new Array(seconds.length).fill(0);
  for (const row of rows) made[Math.floor(Number(row.dispatched_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ dispatched }) => dispatched), made);
});

Deno.test("a second's row is there two seconds after it ended", async () => {
  let seen = 0;
  const generator = new MemorySink(GENERATOR);
  await observe(
    THREE_MINUTES,
    { answer: oneHangs() },
    { generator },
    (clock) =>
      void clock.at(RUN_LEAD_MS + 100_001, () => {
        seen = generator.rows.length;
      }),
  );
  assert.ok(seen >= 98, `${seen} rows after 100 s`);
});

Deno.test("a loop that stands still leaves no second out and moves nothing", async () => {
  // Nothing happens between 10.2 s and 15.3 s: all that is due then comes late.
  const { seconds, rows, verdict } = await observe(THREE_MINUTES, {
    lateMs: (timeMs) => timeMs > 10_200 && timeMs < 15_300 ? 15_300 - timeMs : 0,
    cpuMs: (timeMs) => timeMs < 10_000 ? 0 : Math.min(timeMs - 10_000, 5300),
  });
  assert.deepEqual(seconds.map(({ time_ms }) => time_ms), seconds.map((_, i) => 1000 * (i + 1)));
  const due = new Array(seconds.length).fill(0);
  for (const row of rows) due[Math.floor(Number(row.scheduled_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ scheduled }) => scheduled), due);
  const made = new Array(seconds.length).fill(0);
  for (const row of rows) made[Math.floor(Number(row.dispatched_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ dispatched }) => dispatched), made);
  assert.deepEqual(verdict.evidence.busySeconds, [10, 11, 12, 13, 14]);
  assert.equal(verdict.evidence.loopProbes, 8999);
});

Deno.test("the CPU of the first second leaves out what came before the run start", async () => {
  const { seconds } = await observe(THREE_MINUTES, {
    // 5 s of connecting, then 200 ms in each second.
    cpuMs: (timeMs) => timeMs < -RUN_LEAD_MS / 2 ? 0 : 5000 + 0.2 * Math.max(0, timeMs),
  });
  assert.ok(Math.abs(Number(seconds[0].cpu_percent) - 20) < 1e-6, `${seconds[0].cpu_percent}`);
});

Deno.test("waits for the platform are its own, told with their seconds; the loader's bound is its own", async () => {
  const answerOf = (change: Partial<FakeAnswer>) => {
    let calls = 0;
    return { answer: (): FakeAnswer => ({ completeAfterMs: 3000, ...calls++ < 30 ? change : {} }) };
  };
  const away = await observe(THREE_MINUTES, answerOf({ dispatchAfterMs: 1900, peerWaitMs: 1900 }));
  const { evidence } = away.verdict;
  const due = away.rows.slice().sort((a, b) => Number(a.index) - Number(b.index)).slice(0, 30)
    .map((row) => Math.floor(Number(row.scheduled_ms) / 1000));
  assert.equal(away.verdict.verdict, "PLATFORM-LIMITED");
  assert.deepEqual(evidence.peerWaits, {
    invocations: 30,
    longestMs: 1900,
    seconds: [...new Set(due)],
  });
  assert.equal(evidence.lateDispatches, 0);
  const sum = (name: string) => away.seconds.reduce((total, row) => total + Number(row[name]), 0);
  assert.equal(sum("peer_waits"), 30);
  assert.equal(away.seconds.find((row) => row.peer_waits !== 0)?.peer_wait_max_ms, 1900);

  const bound = await observe(THREE_MINUTES, answerOf({ dispatchAfterMs: 80, boundWaitMs: 80 }));
  assert.equal(bound.verdict.verdict, "GENERATOR-LIMITED");
  assert.match(
    bound.verdict.reasons.join(" "),
    /30 of 900 .* up to 80 ms for the loader's own bound/,
  );

  const never = { dispatchAfterMs: null, outcome: "unsent", statusCode: null } as const;
  const refused = await observe(THREE_MINUTES, answerOf({ ...never, peerWaitMs: 2999 }));
  assert.equal(refused.verdict.verdict, "PLATFORM-LIMITED");
  assert.deepEqual(
    [refused.verdict.evidence.unsentForPeer, refused.verdict.evidence.unsentForBound],
    [30, 0],
  );
  const full = await observe(THREE_MINUTES, answerOf({ ...never, boundWaitMs: 2999 }));
  assert.equal(full.verdict.verdict, "GENERATOR-LIMITED");
  assert.match(full.verdict.reasons[0], /^30 invocations were never sent: .* own bound/);
  const unsent = full.seconds.reduce((total, row) => total + Number(row.unsent), 0);
  assert.equal(unsent, 30);
});

Deno.test("set-up of connections is told apart", async () => {
  const { verdict } = await observe(THREE_MINUTES, {
    answer: () => ({ completeAfterMs: 100, dispatchAfterMs: 40, setUpMs: 40 }),
  });
  assert.equal(verdict.verdict, "VALID", verdict.reasons.join());
  assert.ok(Math.abs(verdict.evidence.setUpP50Ms! - 40) < 0.1);
  // Of 900, nine lie beyond it.
  assert.equal(verdict.evidence.setUpP99Ms, null);
});

Deno.test("what the machine does is in the rows, and in the reasons of a limited generator", async () => {
  let throttledMs = 0;
  let cpuPeriods = 0;
  let throttledPeriods = 0;
  const machine = {
    limits: { cpuCores: 0.5, memoryMib: null },
    read: () => ({
      stolenMs: null,
      coreMs: null,
      throttledMs: throttledMs += 50,
      cpuPeriods: cpuPeriods += 10,
      throttledPeriods: throttledPeriods += 8,
      threadWaitMs: null,
      cpuPressureMs: null,
      memoryPressureMs: null,
      memoryLimitHits: null,
      majorFaults: null,
    }),
  };
  const { verdict, seconds } = await observe(THREE_MINUTES, {
    lateMs: (timeMs) => timeMs >= 10_000 && timeMs < 60_000 ? lateProbes(0, 1e9)(timeMs) : 0,
  }, { machine });
  assert.deepEqual([seconds[0].throttled_ms, seconds[0].stolen_percent], [50, null]);
  assert.equal(verdict.verdict, "GENERATOR-LIMITED");
  // 51 seconds: what holds the loader up in the ninth may show in the tenth.
  assert.deepEqual(verdict.reasons.slice(-2), [
    "The loader's container was throttled for 2550 ms in seconds 9 – 59: its CPU limit is 0.5 cores.",
    "The loader's container was held back at its CPU limit of 0.5 cores in 1440 of the 1800 " +
    "periods of the measurement in which it wanted to run.",
  ]);
});

Deno.test("what is left over at the end tells its CPU where it is half a second or more", async () => {
  for (const [minutes, cpu] of [[0.055, null], [0.061, 95]] as const) {
    const schedule = generateSchedule(traceWithCounts([1]), { durationMs: minutes * 60_000 });
    const { seconds, verdict } = await observe(schedule, { cpuMs: (timeMs) => 0.95 * timeMs });
    assert.equal(seconds.length, 4);
    const last = seconds[3].cpu_percent;
    assert.equal(typeof last === "number" ? Math.round(last) : last, cpu);
    assert.deepEqual(verdict.evidence.busySeconds, cpu === null ? [0, 1, 2] : [0, 1, 2, 3]);
  }
});

Deno.test("a dispatch that is told after its second has ended still stands in it", async () => {
  let clock: LateClock;
  const { seconds, rows, verdict } = await observe(
    THREE_MINUTES,
    {
      answer: (calls, slot) => {
        const dispatchedMs = clock.nowMs();
        // The write returns 300 ms later, and the call is out for 5 s.
        clock.at(dispatchedMs + 300, () => {
          calls.dispatchedMs[slot] = dispatchedMs;
        });
        return { dispatchAfterMs: null, completeAfterMs: 5000 };
      },
    },
    {},
    (created) => {
      clock = created;
    },
  );
  const made = new Array(seconds.length).fill(0);
  for (const row of rows) made[Math.floor(Number(row.dispatched_ms) / 1000)]++;
  assert.deepEqual(seconds.map(({ dispatched }) => dispatched), made);
  assert.equal(verdict.evidence.dispatched, 900);
});
