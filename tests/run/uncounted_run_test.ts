import assert from "node:assert/strict";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { neverAborted } from "../../lib/base/signal.ts";
import type { Schedule } from "../../lib/model/schedule.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { CommonOptions } from "../../lib/run/common_options.ts";
import type { Experiment, PlannedRun } from "../../lib/run/experiment.ts";
import type { RunsCall } from "../../lib/run/run_call.ts";
import { makeRuns } from "../../lib/run/make_runs.ts";
import { renderPlan } from "../../lib/run/plan_block.ts";
import { CountLedger, RunPlanner } from "../../lib/run/run_planner.ts";
import { readExperiment, readRun } from "../support/run_files.ts";
import { temporaryFolder } from "../support/script.ts";

const SWEEP = ["--sizes", "3,6", "--duration", "20s"];
const NAMES = ["functions-3_repetition-0", "functions-6_repetition-0"];

/** An experiment on the simulator, of which so many invocations are counted ahead. */
async function make(
  experiment: unknown,
  args: readonly string[],
  output: string,
  call: RunsCall = {},
) {
  const { options } = experiment as Experiment<OptionTable>;
  const platform = "platform" in options ? ["--platform", "simulator"] : [];
  const values = parseOptions("test", "", options, [...platform, ...args, "--output", output]);
  return await makeRuns(
    experiment as Experiment<OptionTable>,
    values.values as CommonOptions,
    call,
  );
}

Deno.test("a long schedule is counted and hashed as it is replayed, and all is told at the end", async () => {
  await using folder = await temporaryFolder();
  const [counted, uncounted] = [`${folder.path}/counted`, `${folder.path}/uncounted`];
  await make(traceSweep, SWEEP, counted);
  const began: unknown[] = [];
  await make(traceSweep, SWEEP, uncounted, {
    mostCounted: 10,
    listener: {
      onRunStart: ({ plan }) => began.push(plan.isForecast),
      onProgress: () => {},
      onPlan: (block) =>
        assert.match(
          block,
          /~[\d,]+ +~[\d.]+ .*\n~ as the counts of the trace say; it is counted, and hashed, as/s,
        ),
    },
  });
  assert.deepEqual(began, [true, true]);
  for (const name of NAMES) {
    const [ahead, afterwards] = [readRun(counted, name), readRun(uncounted, name)];
    assert.match(ahead.scheduleHash!, /^[0-9a-f]{64}$/);
    assert.equal(afterwards.scheduleHash, ahead.scheduleHash);
    assert.deepEqual(afterwards.plan, ahead.plan);
    assert.deepEqual(afterwards.outcomes, ahead.outcomes);
    assert.deepEqual(afterwards.notes, ahead.notes);
  }
  assert.deepEqual(readExperiment(uncounted).inputs, readExperiment(counted).inputs);
});

Deno.test("an experiment that broke off knows what its runs have gone through, and goes on", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const stop = new AbortController();
  const first = await make(traceSweep, SWEEP, output, {
    mostCounted: 10,
    signal: stop.signal,
    listener: { onRunEnd: () => stop.abort(new Error("enough")) },
  }).catch((error) => error);
  assert.ok(first !== undefined);
  assert.deepEqual(Object.keys(readExperiment(output).inputs!.schedules), [NAMES[0]]);
  const notes: string[] = [];
  const { runs } = await make(traceSweep, SWEEP, output, {
    mostCounted: 10,
    listener: { onNote: (note) => notes.push(note) },
  });
  assert.deepEqual(runs.map(({ name }) => name), NAMES);
  assert.deepEqual(notes, [`${NAMES[0]} is there already.`]);
  assert.deepEqual(Object.keys(readExperiment(output).inputs!.schedules), NAMES);
});

/** A trace run whose schedule fails after some invocations. */
function brokenOff(run: PlannedRun): PlannedRun {
  const whole = run.schedule;
  const schedule: Schedule = {
    functions: whole.functions,
    durationMs: whole.durationMs,
    phases: whole.phases,
    forecast: () => whole.forecast!(),
    hash: (signal) => whole.hash(signal),
    *chunks(options) {
      for (const chunk of whole.chunks(options)) yield chunk;
      throw new Error("lost on the way");
    },
  };
  return { ...run, schedule };
}

Deno.test("a run that ends before its schedule does says that its hash is not known", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const experiment = {
    ...traceSweep,
    plan: async (options: Parameters<typeof traceSweep.plan>[0]) => {
      const { runs } = await traceSweep.plan(options);
      return { runs: [...runs].map(brokenOff), overloadTolerance: 1 };
    },
  };
  await assert.rejects(make(experiment, SWEEP, output, { mostCounted: 10 }), /lost on the way/);
  const { status, scheduleHash, plan, notes } = readRun(output, NAMES[0]);
  assert.equal(status, "failed");
  assert.equal(scheduleHash, null);
  assert.equal(plan.isForecast, true);
  assert.match(notes.join("\n"), /^The run ended before it had gone through its schedule, so the/m);
});

Deno.test("what fits is counted, what does not is not, and runs of one schedule share its facts", async () => {
  const options = parseOptions("test", "", keepAlive.options, [
    ...["--functions", "20", "--policies", "fixed-10min,oracle", "--duration", "6h"],
  ]).values;
  const { runs } = await keepAlive.plan({ ...options, policy: null });
  const planner = new RunPlanner({ runs }, null, null, neverAborted(), new CountLedger(1e9));
  const loads = await planner.ahead(9);
  assert.equal(loads[0].plan.isForecast, undefined);
  assert.equal(loads[0].run.schedule, loads[1].run.schedule);
  const some = new RunPlanner({ runs }, null, null, neverAborted(), new CountLedger(1));
  const uncounted = await some.ahead(9);
  assert.equal(uncounted[1].plan.isForecast, true);
  assert.equal(uncounted[1].plan.invocations, loads[1].plan.invocations);
  // Loaders of one experiment agree on what is counted, before they start.
  const shared = new RunPlanner(
    { runs },
    null,
    { index: 1, count: 2 },
    neverAborted(),
    new CountLedger(1),
  );
  assert.equal((await shared.ahead(9))[0].part!.whole.isForecast, undefined);
  const block = renderPlan(loads, [], { endless: false, isVirtual: true });
  assert.doesNotMatch(block, /~/);
});
