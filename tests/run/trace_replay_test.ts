import assert from "node:assert/strict";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import type { Trace } from "../../lib/model/trace.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { writeInvitroTables } from "../../lib/run/invitro_tables.ts";
import { makeReport } from "../../lib/run/make_report.ts";
import { planTraceRun } from "../../lib/run/trace_run.ts";
import { derivePlan } from "../../lib/schedule/plan.ts";
import { RecordedBuilder } from "../../lib/trace/recorded.ts";
import { MEMORY_MIB, RUNTIME_MS, traceWithCounts } from "../support/schedules.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { temporaryFolder } from "../support/script.ts";

const MINUTE_MS = 60_000;
const NAME = { name: "run", parameters: {}, repetition: 0 };

/** 60 and 6 a minute, for two hours. */
const TRACE = traceWithCounts(Array(120).fill(60), Array(120).fill(6), Array(120).fill(0));

function optionsOf(...args: string[]) {
  return parseOptions("test", "", traceSweep.options, ["--platform", "simulator", ...args]).values;
}

function planOf(trace: Trace, ...args: string[]) {
  return planTraceRun(trace, optionsOf(...args), NAME);
}

Deno.test("an open window lasts as long as --duration, a closed one as itself", () => {
  const lengthOf = (...args: string[]) => {
    const { schedule, replay } = planOf(TRACE, ...args);
    return [schedule.durationMs, replay!.windowStartMs, replay!.windowEndMs, replay!.timeScale];
  };
  assert.deepEqual(lengthOf(), [25_000, 0, 25_000, 1]);
  assert.deepEqual(lengthOf("--platform", "knative"), [180_000, 0, 180_000, 1]);
  assert.deepEqual(lengthOf("--window", "30..", "--duration", "90s"), [
    90_000,
    1_800_000,
    1_890_000,
    1,
  ]);
  assert.deepEqual(lengthOf("--window", "30..90"), [3_600_000, 1_800_000, 5_400_000, 1]);
  assert.deepEqual(lengthOf("--window", "30..90", "--time-scale", "2"), [
    ...[1_800_000, 1_800_000, 5_400_000, 2],
  ]);
  assert.deepEqual(lengthOf("--window", "0..", "--duration", "1min", "--time-scale", "2"), [
    ...[30_000, 0, 60_000, 2],
  ]);
});

Deno.test("a closed window is compressed or stretched to --duration, runtimes stay", async () => {
  for (const [duration, scale] of [["5min", 12], ["2h", 0.5]] as const) {
    const { schedule, replay, notes } = planOf(TRACE, "--window", "1h..2h", "--duration", duration);
    assert.equal(replay!.timeScale, scale);
    const plan = await derivePlan(schedule);
    const whole = await derivePlan(planOf(TRACE, "--window", "1h..2h").schedule);
    assert.equal(plan.invocations, whole.invocations);
    assert.equal(plan.meanRequestedRuntimeMs, whole.meanRequestedRuntimeMs);
    assert.equal(plan.durationMs, 60 * MINUTE_MS / scale);
    assert.match(
      notes!.join("\n"),
      scale === 12
        ? /^1h of the trace test in 5min: arrivals come 12 x closer together and runtimes stay, so keep-alive and cold starts see 12 x shorter idle times\.$/m
        : /^1h of the trace test in 2h: arrivals come 2 x further apart and .* 2 x longer idle times\.$/m,
    );
  }
});

Deno.test("profiling and warm-up are the first part of a closed window", () => {
  const { replay, schedule, initialScales } = planOf(
    TRACE,
    ...["--window", "10..30", "--warmup", "5min", "--duration", "1min"],
  );
  assert.equal(replay!.windowStartMs, 15 * MINUTE_MS);
  assert.equal(replay!.measuredFromMs, 20 * MINUTE_MS);
  assert.equal(replay!.timeScale, 10);
  assert.deepEqual(schedule.phases, [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 30_000, phase: "measurement" },
  ]);
  assert.equal(schedule.durationMs, 90_000);
  // 1 a second ten times as fast, at 100 ms each.
  assert.deepEqual(initialScales, [1, 1, 0]);
});

Deno.test("profiling looks at whole slots: an hour where counts are by the hour", () => {
  const hours = { ...traceWithCounts([7200, 7200, 7200], [0, 1, 1]), slotMs: 3_600_000 };
  const { initialScales, replay } = planOf(hours, "--warmup", "1min", "--duration", "1min");
  assert.equal(replay!.windowStartMs, 3_600_000);
  // 2 a second, at 100 ms each.
  assert.deepEqual(initialScales, [1, 0]);
});

Deno.test("--target-rate derives the factor, keeps shares, and says what it makes", async () => {
  const args = ["--window", "0..120", "--duration", "10min", "--target-rate", "2.2/s"];
  const { schedule, replay, notes } = planOf(TRACE, ...args);
  const plan = await derivePlan(schedule);
  assert.equal(plan.invocations, 1320);
  assert.equal(replay!.timeScale, 12);
  assert.match(
    notes!.join("\n"),
    /^--target-rate 2\.2\/s: the counts of the 3 functions of the trace test are multiplied by 0\.167, which makes 1,320 invocations in the measured 10min\. Each function has its share to within one invocation\.$/m,
  );
  assert.match(notes!.join("\n"), /12 x shorter idle times; rates x 0\.167\.$/m);
  const again = planOf(TRACE, ...args);
  assert.equal(await again.schedule.hash(), await schedule.hash());
  // A sample has the rate of its own.
  const sample = { ...TRACE, functions: [TRACE.functions[1]] };
  assert.equal((await derivePlan(planOf(sample, ...args).schedule)).invocations, 1320);
});

Deno.test("functions that fall below one invocation are counted", () => {
  const seldom = traceWithCounts([600, 600], ...Array.from({ length: 50 }, () => [1, 0]));
  const { notes } = planOf(seldom, "--window", "0..2", "--target-rate", "5/min");
  assert.match(
    notes!.join("\n"),
    /rates x 0\.008\d*; 49 of the 51 functions that are invoked fall/,
  );
});

Deno.test("options that contradict each other are refused in one sentence", () => {
  for (
    const [args, message] of [
      [
        ["--window", "0..10", "--duration", "5min", "--time-scale", "3"],
        /^--time-scale 3 and --duration 5min both say how fast the window 0\.\.10 is replayed; leave/,
      ],
      [
        ["--target-rate", "2/s", "--rate-scale", "2"],
        /^--rate-scale 2 and --target-rate 2\/s both say how often functions are invoked; leave/,
      ],
      [
        ["--window", "0..10", "--warmup", "5min"],
        /^--window 0\.\.10: after 5min of profiling and the --warmup of 5min nothing of it is left/,
      ],
      [
        ["--window", "119..", "--duration", "2min"],
        /has 120 minutes, the window asks for minutes 119/,
      ],
    ] as const
  ) {
    assert.throws(() => planOf(TRACE, ...args), { code: "usage", message });
  }
  assert.throws(() => optionsOf("--target-rate", "fast"), {
    message: /^--target-rate: "fast" is not/,
  });
  assert.throws(() => optionsOf("--window", "fast"), {
    message: /^--window: "fast" is not a window/,
  });
});

Deno.test("keep-alive measures a day of an open window, and a closed one as it is", async () => {
  const lengthOf = async (...args: string[]) => {
    const options = parseOptions("test", "", keepAlive.options, [
      ...["--functions", "3", "--policies", "oracle", ...args],
    ]).values;
    const [run] = (await keepAlive.plan({ ...options, policy: null })).runs;
    return run.schedule.durationMs / MINUTE_MS;
  };
  assert.equal(await lengthOf(), 1440);
  assert.equal(await lengthOf("--duration", "2h"), 120);
  assert.equal(await lengthOf("--window", "08:00..12:30"), 270);
  assert.equal(await lengthOf("--window", "08:00..12:30", "--duration", "27min"), 27);
});

/** Ten minutes by the second, of invocations one by one. */
function secondsTrace(): Trace {
  const builder = new RecordedBuilder();
  for (let i = 0; i < 1200; i++) {
    const id = i % 3 === 0 ? "f" : "g";
    const number = builder.functionOf({ ownerId: "o", appId: "a", id, trigger: null });
    builder.add(number, i * 500, 40, 64);
  }
  const { functions } = builder.finish(1000, 600, {
    runtimeMs: () => RUNTIME_MS,
    memoryMib: () => MEMORY_MIB,
  });
  return {
    name: "seconds",
    slotMs: 1000,
    slots: 600,
    functions,
    repairs: [],
    hash: "0",
    assumptions: ["Memory is 64 MiB everywhere: the files do not tell it."],
  };
}

Deno.test("recorded arrivals: --iat and --shift are told to be without effect, folded draws anew", async () => {
  const trace = secondsTrace();
  const at = ["--window", "90s..120s"];
  const { schedule, notes } = planOf(trace, ...at, "--iat", "uniform", "--shift");
  const recorded = planOf(trace, ...at);
  assert.equal(await schedule.hash(), await recorded.schedule.hash());
  assert.match(
    notes!.join("\n"),
    /^--iat uniform and --shift: without effect on the 2 of 2 functions .* --arrivals folded draws/m,
  );
  assert.ok(recorded.notes!.includes(trace.assumptions![0]));
  const folded = planOf(trace, ...at, "--arrivals", "folded");
  assert.equal(folded.replay!.arrivals, "folded");
  assert.notEqual(await folded.schedule.hash(), await recorded.schedule.hash());
  assert.equal((await derivePlan(folded.schedule)).invocations, 60);
});

Deno.test("a trace by the second is replayed from plan to report", async () => {
  const trace = secondsTrace();
  const experiment: Experiment<typeof traceSweep.options> = {
    ...traceSweep,
    plan: (options) =>
      Promise.resolve({
        runs: [planTraceRun(trace, options, {
          name: "functions-2_repetition-0",
          parameters: { functions: 2, repetition: 0 },
          repetition: 0,
        })],
        overloadTolerance: 1,
      }),
  };
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  await runExperiment(experiment, {
    ...optionsOf(
      "--window",
      "3min..9min",
      "--warmup",
      "1s",
      "--target-rate",
      "peak:5/s",
      "--compat",
    ),
    output,
  });
  const { replay, plan, phases, notes } = readRun(output, "functions-2_repetition-0");
  assert.equal(replay?.slotMs, 1000);
  assert.equal(replay?.windowStartMs, 8 * MINUTE_MS);
  assert.equal(plan.durationMs, MINUTE_MS);
  assert.deepEqual(phases.map(({ fromMs }) => fromMs), [0, 1000]);
  assert.ok(plan.peakRatePerS >= 5 && plan.peakRatePerS <= 6, `${plan.peakRatePerS}`);
  assert.ok(notes.some((note) => note.startsWith("--target-rate peak:5/s")), notes.join("\n"));
  await writeInvitroTables(output);
  const rows = readRows(`${output}/runs/functions-2_repetition-0/compat_minutes.csv`);
  assert.equal(
    rows.reduce((sum, row) => sum + Number(row.num_func_target), 0),
    plan.invocations,
  );
  await makeReport({ folder: output, compat: false });
  assert.match(await Deno.readTextFile(`${output}/report.html`), /target-rate peak:5\/s/);
});
