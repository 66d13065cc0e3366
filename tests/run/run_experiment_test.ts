import assert from "node:assert/strict";
import { burst } from "../../experiments/burst.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { LoaderError } from "../../lib/base/error.ts";
import type { OptionTable, OptionValues } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { temporaryFolder } from "../support/script.ts";

function valuesOf<O extends OptionTable>(options: O, ...args: string[]): OptionValues<O> {
  return parseOptions("test", "", options, args).values;
}

/** Of the keep-alive experiment, whose runs have a policy each. */
function keepAliveValues(...args: string[]) {
  return { ...valuesOf(keepAlive.options, ...args), policy: "knative" };
}

function usage(sentence: RegExp) {
  return (error: unknown) =>
    error instanceof LoaderError && error.code === "usage" && sentence.test(error.message);
}

Deno.test("runExperiment: a run without any invocation is a mistake", async () => {
  const values = valuesOf(
    traceSweep.options,
    ...["--sizes", "3", "--duration", "1s", "--rate-scale", "0.000001", "--dry-run"],
  );
  await assert.rejects(
    runExperiment(traceSweep, values),
    usage(/functions-3_repetition-0 has no invocation/),
  );
});

Deno.test("runExperiment: a run without what the declared answer is drawn by is a mistake", async () => {
  const values = valuesOf(rpsRamp.options, "--end", "20", "--slot", "1s", "--dry-run");
  await assert.rejects(
    runExperiment({ ...rpsRamp, answer: traceSweep.answer }, values),
    usage(/The answer needs of the run rate-20 a number "functions" among its parameters\./),
  );
});

Deno.test("runExperiment: a folder for schedules that cannot be made is a mistake", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "");
  const values = valuesOf(burst.options, "--save-schedules", `${file}/schedules`, "--dry-run");
  await assert.rejects(runExperiment(burst, values), usage(/schedules cannot be saved here/));
});

Deno.test("runExperiment: of runs that do not build on one another, none ends the rest", async () => {
  await using folder = await temporaryFolder();
  const values = keepAliveValues(
    ...["--policies", "knative,fixed-10min", "--functions", "10", "--duration", "1h"],
    // Knative's autoscaler lets no instance go for another function's.
    ...["--max-instances", "1", "--queue-timeout", "1s", "--output", `${folder.path}/out`],
  );
  const { status, runs } = await runExperiment(keepAlive, values);
  assert.deepEqual(runs.map(({ name, status }) => [name, status]), [
    ["policy-knative", "overloaded"],
    ["policy-fixed-10min", "finished"],
  ]);
  assert.equal(status, "finished");
});

Deno.test("keep-alive: a sample is of the functions that the replayed time invokes", async () => {
  const window = ["--duration", "1h", "--window", "300.."];
  const planOf = async (...args: string[]) => {
    const { runs } = await keepAlive.plan(keepAliveValues(...window, ...args));
    return [...runs][0];
  };
  const { schedule } = await planOf("--functions", "15");
  const invoked = new Set<number>();
  for (const { functionIndex } of schedule.chunks()) {
    for (const index of functionIndex) invoked.add(index);
  }
  assert.equal(invoked.size, 15);
});

Deno.test("rps ramp: the last rate is part of it, and no rounding error shows", async () => {
  const values = valuesOf(
    rpsRamp.options,
    ...["--start", "0.1", "--step", "0.1", "--end", "0.3", "--slot", "1min"],
  );
  const { runs } = await rpsRamp.plan(values);
  assert.deepEqual([...runs].map(({ name }) => name), ["rate-0.1", "rate-0.2", "rate-0.3"]);
});
