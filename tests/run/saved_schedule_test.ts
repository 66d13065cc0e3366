import assert from "node:assert/strict";
import { burst } from "../../experiments/burst.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { readScheduleFile, writeScheduleFile } from "../../lib/schedule/schedule_file.ts";
import type { CommonOptions } from "../../lib/run/common_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { PlannedLoad } from "../../lib/run/plan_block.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { temporaryFolder } from "../support/script.ts";
import { csv, DURATIONS_HEADER, SMALL_TRACE } from "../support/trace_files.ts";

const SIMULATED = ["--platform", "simulator", "--dry-run"];

/** A dry run; what it would do. */
async function planned(
  experiment: unknown,
  ...args: readonly string[]
): Promise<readonly PlannedLoad[]> {
  const { options } = experiment as Experiment<OptionTable>;
  const values = parseOptions("test", "", options, [...SIMULATED, ...args]).values;
  let found: readonly PlannedLoad[] = [];
  await runExperiment(experiment as Experiment<OptionTable>, values as CommonOptions, {
    listener: { onPlan: (_, loads) => found = loads },
  });
  return found;
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => assert.fail("nothing was refused"), (error) => error);
  assert.ok(["usage", "input"].includes(error.code), String(error));
  return error.message;
}

const SWEEP = ["--sizes", "3", "--duration", "20s"];

Deno.test("saved schedules: replayed with the options that made them, on whatever platform", async () => {
  await using folder = await temporaryFolder();
  const [saved] = await planned(traceSweep, ...SWEEP, "--save-schedules", folder.path);
  const others = ["--max-scale", "9", "--drain", "1s", "--limit-not-ok", "0.5"];
  const [replayed] = await planned(traceSweep, ...SWEEP, ...others, "--schedules", folder.path);
  assert.equal(await replayed.run.schedule.hash(), await saved.run.schedule.hash());
  assert.deepEqual(replayed.plan, saved.plan);
  assert.deepEqual(replayed.run.notes, saved.run.notes);
});

Deno.test("saved schedules: other options that they follow are refused with both values", async () => {
  await using folder = await temporaryFolder();
  await planned(traceSweep, ...SWEEP, "--save-schedules", folder.path);
  const cases: [string[], RegExp][] = [
    [
      ["--rate-scale", "2"],
      /functions-3_repetition-0\.schedule: .*--rate-scale was 1 and is 2\. Give/,
    ],
    [["--seed", "7"], /--seed was 42 and is 7\./],
    [["--duration", "10s"], /--duration was 20000 and is 10000\./],
    [["--time-scale", "2"], /--time-scale was 1 and is 2\./],
    [["--iat", "uniform"], /--iat was "exponential" and is "uniform"\./],
    [["--window", "3.."], /--window was "0\.\." and is "3\.\."\./],
    [["--target-rate", "9/s"], /--target-rate was not given and is "9\/s"\./],
    [["--window", "0..3"], /--window was "0\.\." and is "0\.\.3"\./],
    [["--warmup", "1min"], /--warmup was 0 and is 60000\./],
    [
      ["--rate-scale", "2", "--seed", "7"],
      /--seed was 42 and is 7; --rate-scale was 1 and is 2\.|--rate-scale was 1 and is 2; --seed was 42 and is 7\./,
    ],
  ];
  for (const [args, message] of cases) {
    const attempt = planned(traceSweep, ...SWEEP, ...args, "--schedules", folder.path);
    assert.match(await refusalOf(attempt), message);
  }
});

Deno.test("saved schedules: the same load with another part of it measured is refused", async () => {
  await using folder = await temporaryFolder();
  const args = ["--sizes", "3", "--duration", "10s", "--warmup", "20s"];
  await planned(traceSweep, ...args, "--save-schedules", folder.path);
  const other = ["--sizes", "3", "--duration", "20s", "--warmup", "10s"];
  const attempt = planned(traceSweep, ...other, "--schedules", folder.path);
  assert.match(await refusalOf(attempt), /--warmup was 20000 and is 10000/);
});

Deno.test("saved schedules: which runs are made is another matter", async () => {
  await using folder = await temporaryFolder();
  const ramp = ["--start", "10", "--step", "10", "--slot", "1s"];
  await planned(rpsRamp, ...ramp, "--end", "30", "--save-schedules", folder.path);
  const replayed = await planned(rpsRamp, ...ramp, "--end", "20", "--schedules", folder.path);
  assert.equal(replayed.length, 2);
  const attempt = planned(
    rpsRamp,
    ...[...ramp, "--end", "20", "--functions", "3", "--schedules", folder.path],
  );
  assert.match(await refusalOf(attempt), /--functions was 1 and is 3\./);
});

Deno.test("saved schedules: every option of a pattern counts", async () => {
  await using folder = await temporaryFolder();
  await planned(burst, "--save-schedules", folder.path);
  for (
    const [args, message] of [
      [["--burst", "61"], /--burst was 60 and is 61/],
      [["--runtime", "30ms"], /--runtime was 20 and is 30/],
      [["--memory", "65"], /--memory was 64 and is 65/],
      [["--rps", "40"], /--rps was 20 and is 40/],
    ] as const
  ) {
    const attempt = planned(burst, ...args, "--schedules", folder.path);
    assert.match(await refusalOf(attempt), message);
  }
});

Deno.test("saved schedules: another content of the trace is refused, another place is not", async () => {
  await using folder = await temporaryFolder();
  const write = async (name: string, count: number) => {
    await Deno.mkdir(`${folder.path}/${name}`);
    await Deno.writeTextFile(
      `${folder.path}/${name}/invocations.csv`,
      csv("HashOwner,HashApp,HashFunction,1", `o,a,f,${count}`),
    );
    await Deno.writeTextFile(
      `${folder.path}/${name}/durations.csv`,
      csv(DURATIONS_HEADER, `o,a,f,${Array(11).fill(5)}`),
    );
    await Deno.writeTextFile(`${folder.path}/${name}/memory.csv`, SMALL_TRACE.memory);
  };
  await write("a", 30);
  await write("b", 31);
  await write("c", 30);
  const args = ["--sizes", "1", "--duration", "1min"];
  const schedules = `${folder.path}/schedules`;
  await planned(traceSweep, ...args, "--trace", `${folder.path}/a`, "--save-schedules", schedules);
  const replayOf = (name: string) =>
    planned(traceSweep, ...args, "--trace", `${folder.path}/${name}`, "--schedules", schedules);
  await replayOf("c");
  assert.match(
    await refusalOf(replayOf("b")),
    /the trace was a, stratified 1 \(SHA-256 [0-9a-f]{64}\) and is b, stratified 1 \(SHA-256 [0-9a-f]{64}\)/,
  );
});

Deno.test("saved schedules: what another version made of the same options is replayed and told", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/functions-3_repetition-0.schedule`;
  await planned(traceSweep, ...SWEEP, "--save-schedules", folder.path);
  const { origin } = await readScheduleFile(file);
  const [other] = await planned(traceSweep, ...SWEEP, "--iat", "equidistant");
  await Deno.remove(file);
  await writeScheduleFile(other.run.schedule, file, undefined, origin!);
  const [replayed] = await planned(traceSweep, ...SWEEP, "--schedules", folder.path);
  assert.equal(await replayed.run.schedule.hash(), await other.run.schedule.hash());
  assert.match(replayed.run.notes!.join(), /is the saved one .* this version makes another/);
});

Deno.test("saved schedules: a file that does not tell its options must hold what the options make", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/functions-3_repetition-0.schedule`;
  const [{ run }] = await planned(traceSweep, ...SWEEP);
  await writeScheduleFile(run.schedule, file);
  await planned(traceSweep, ...SWEEP, "--schedules", folder.path);
  const attempt = planned(traceSweep, ...SWEEP, "--iat", "uniform", "--schedules", folder.path);
  assert.match(
    await refusalOf(attempt),
    /is not the one .* does not tell which options it was made with/,
  );
  const shorter = ["--sizes", "3", "--duration", "10s", "--schedules", folder.path];
  assert.match(
    await refusalOf(planned(traceSweep, ...shorter)),
    /has 20000 ms \(measurement from 0 ms\), and the options .* ask for 10000 ms/,
  );
});

Deno.test("saved schedules: the same command saves again, another does not overwrite", async () => {
  await using folder = await temporaryFolder();
  const save = ["--save-schedules", folder.path];
  await planned(traceSweep, ...SWEEP, ...save);
  await planned(traceSweep, ...SWEEP, ...save);
  const attempt = planned(traceSweep, ...SWEEP, "--rate-scale", "2", ...save);
  assert.match(
    await refusalOf(attempt),
    /exists already and holds another schedule \([0-9a-f]{64}, not [0-9a-f]{64}\)/,
  );
});
