import assert from "node:assert/strict";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../../lib/run/common_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { temporaryFolder } from "../support/script.ts";
import { csv, DURATIONS_HEADER, SMALL_TRACE } from "../support/trace_files.ts";

async function run(experiment: unknown, args: readonly string[]) {
  const { options } = experiment as Experiment<OptionTable>;
  const values = parseOptions("test", "", options, [
    ...["--platform", "simulator", ...args],
  ]).values;
  const notes: string[] = [];
  const outcome = await runExperiment(
    experiment as Experiment<OptionTable>,
    values as CommonOptions,
    {
      listener: { onNote: (note) => notes.push(note) },
    },
  );
  return { ...outcome, notes };
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => assert.fail("nothing was refused"), (error) => error);
  assert.equal(error.code, "usage", String(error));
  return error.message;
}

async function writeTrace(folder: string, count: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const ids = ["a", "b", "c", "d"];
  const minutes = `${count},${count},${count}`;
  await Deno.writeTextFile(
    `${folder}/invocations.csv`,
    csv("HashOwner,HashApp,HashFunction,1,2,3", ...ids.map((id) => `o,a,${id},${minutes}`)),
  );
  await Deno.writeTextFile(
    `${folder}/durations.csv`,
    csv(DURATIONS_HEADER, ...ids.map((id) => `o,a,${id},${Array(11).fill(5)}`)),
  );
  await Deno.writeTextFile(`${folder}/memory.csv`, SMALL_TRACE.memory);
}

// deno-lint-ignore no-explicit-any -- changed as a person would change it
async function editJson(path: string, edit: (json: any) => void): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path));
  edit(json);
  await Deno.writeTextFile(path, JSON.stringify(json));
}

/** Makes a finished experiment one that broke off after its first run. */
async function breakOff(output: string, lastRun: string): Promise<void> {
  await Deno.remove(`${output}/runs/${lastRun}`, { recursive: true });
  await editJson(`${output}/experiment.json`, (manifest) => manifest.status = "interrupted");
}

/** A sweep in a folder that broke off after its first run, and how to go on. */
async function brokenSweep(folder: string, ...more: string[]) {
  const trace = `${folder}/trace`;
  const output = `${folder}/out`;
  await writeTrace(trace, 60);
  const args = [
    ...["--trace", trace, "--sizes", "2,4", "--duration", "30s", "--output", output],
    ...more,
  ];
  await run(traceSweep, args);
  await breakOff(output, "functions-4_repetition-0");
  return { trace, output, goOn: () => run(traceSweep, args) };
}

Deno.test("resuming: what is as it was goes on", async () => {
  await using folder = await temporaryFolder();
  const { goOn, output } = await brokenSweep(folder.path);
  const { status, runs, notes } = await goOn();
  assert.equal(status, "finished");
  assert.equal(runs.length, 2);
  assert.deepEqual(notes, ["functions-2_repetition-0 is there already."]);
  const { inputs } = JSON.parse(await Deno.readTextFile(`${output}/experiment.json`));
  assert.deepEqual(Object.keys(inputs.schedules), runs.map(({ name }) => name));
  assert.equal(inputs.traces["functions-2_repetition-0"], runs[0].trace!.hash);
  assert.equal(inputs.schedules["functions-4_repetition-0"], runs[1].scheduleHash);
});

Deno.test("resuming: another content of the trace is refused with both hashes, and nothing changes", async () => {
  await using folder = await temporaryFolder();
  const { trace, output, goOn } = await brokenSweep(folder.path);
  const before = await Deno.readTextFile(`${output}/experiment.json`);
  await writeTrace(trace, 180);
  assert.match(
    await refusalOf(goOn()),
    /unfinished trace-sweep with another content of the trace of functions-2_repetition-0 \(SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}\); put back/,
  );
  assert.equal(await Deno.readTextFile(`${output}/experiment.json`), before);
  // Back as it was, it goes on.
  await writeTrace(trace, 60);
  assert.equal((await goOn()).status, "finished");
});

Deno.test("resuming: the trace is compared where no run has come to its end", async () => {
  await using folder = await temporaryFolder();
  const { trace, output, goOn } = await brokenSweep(folder.path);
  await Deno.remove(`${output}/runs/functions-2_repetition-0`, { recursive: true });
  // In a minute that is not replayed.
  await writeTrace(trace, 60);
  const file = `${trace}/invocations.csv`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("60,60,60", "60,60,61"));
  assert.match(await refusalOf(goOn()), /another content of the trace/);
});

Deno.test("resuming: another content of a file that an option names is refused", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/simulation.yaml`;
  const config = `${folder.path}/config.yaml`;
  await Deno.writeTextFile(file, "start-delay: 200ms\n");
  await Deno.writeTextFile(config, "rate-scale: 2\n");
  const { goOn, output } = await brokenSweep(
    folder.path,
    ...["--simulation", file, "--config", config],
  );
  const { inputs } = JSON.parse(await Deno.readTextFile(`${output}/experiment.json`));
  assert.deepEqual(Object.keys(inputs.files).sort(), ["config", "simulation"]);
  await Deno.writeTextFile(file, "start-delay: 20s\n");
  assert.match(
    await refusalOf(goOn()),
    /another content of the file of --simulation \(SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}\)/,
  );
  await Deno.writeTextFile(file, "start-delay: 200ms\n");
  await Deno.writeTextFile(config, "rate-scale: 2\ncompat: true\n");
  assert.match(await refusalOf(goOn()), /another content of the file of --config/);
});

Deno.test("resuming: a run that is there with another schedule is refused", async () => {
  await using folder = await temporaryFolder();
  const { output, goOn } = await brokenSweep(folder.path);
  const edited = "0".repeat(64);
  await editJson(`${output}/experiment.json`, (manifest) => delete manifest.inputs);
  await editJson(
    `${output}/runs/functions-2_repetition-0/manifest.json`,
    (manifest) => manifest.scheduleHash = edited,
  );
  assert.match(
    await refusalOf(goOn()),
    /with the run functions-2_repetition-0 with another schedule \(SHA-256 0{64}, now [0-9a-f]{64}\)/,
  );
});

Deno.test("resuming: a folder without hashes goes on, and says so", async () => {
  await using folder = await temporaryFolder();
  const { output, goOn } = await brokenSweep(folder.path);
  await editJson(`${output}/experiment.json`, (manifest) => delete manifest.inputs);
  const { status, notes } = await goOn();
  assert.equal(status, "finished");
  assert.match(notes[0], /^An earlier version began this experiment and kept no hashes/);
  const manifest = JSON.parse(await Deno.readTextFile(`${output}/experiment.json`));
  assert.match(manifest.notes.join(), /kept no hashes/);
  assert.equal(Object.keys(manifest.inputs.schedules).length, 2);
});

Deno.test("resuming: an answer that is declared otherwise is refused, one that is not told is added", async () => {
  await using folder = await temporaryFolder();
  const { output, goOn } = await brokenSweep(folder.path);
  const file = `${output}/experiment.json`;
  await editJson(file, (manifest) => manifest.answer.axis = "functions");
  assert.match(await refusalOf(goOn()), /unfinished trace-sweep with another answer;/);
  await editJson(file, (manifest) => delete manifest.answer);
  assert.equal((await goOn()).status, "finished");
  assert.deepEqual(JSON.parse(await Deno.readTextFile(file)).answer, traceSweep.answer);
});

Deno.test("resuming: a saved schedule that was exchanged is refused", async () => {
  await using folder = await temporaryFolder();
  const args = ["--start", "10", "--step", "10", "--end", "20", "--slot", "1s"];
  const output = `${folder.path}/out`;
  const schedules = `${folder.path}/schedules`;
  await run(rpsRamp, [...args, "--save-schedules", schedules, "--dry-run"]);
  const replay = [...args, "--schedules", schedules, "--output", output];
  await run(rpsRamp, replay);
  await breakOff(output, "rate-20");
  await editJson(`${output}/experiment.json`, (manifest) => {
    manifest.inputs.schedules["rate-20"] = "f".repeat(64);
  });
  assert.match(
    await refusalOf(run(rpsRamp, replay)),
    /another schedule of rate-20 \(SHA-256 f{64}, now/,
  );
});

Deno.test("resuming: every option that names a file of input is compared by content", () => {
  const named = Object.entries(COMMON_OPTIONS)
    .filter(([, { placeholder }]) => /\bfile\b/.test(placeholder ?? "")).map(([name]) => name);
  const compared = Object.entries(COMMON_OPTIONS)
    .filter(([, { readsFile }]) => readsFile).map(([name]) => name);
  // What a machine can do, and who one is on a cluster, are no input.
  assert.deepEqual(named.filter((name) => !compared.includes(name)).sort(), [
    "calibration",
    "kubeconfig",
  ]);
});
