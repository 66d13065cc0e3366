import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { existsSync } from "node:fs";
import { burst } from "../../experiments/burst.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { readTwinFolder, type TwinFolder } from "../../lib/store/read/experiment_folder.ts";
import type { RunManifest } from "../../lib/store/schema/manifest.ts";
import type { CommonOptions } from "../../lib/run/common_options.ts";
import type { Schedule } from "../../lib/model/schedule.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import type { MadeRun } from "../../lib/run/run_call.ts";
import { readTwinSource } from "../../lib/analyze/twin/source.ts";
import { makeTwins } from "../../lib/twin/twin.ts";
import { readRows } from "../support/run_files.ts";
import { temporaryFolder } from "../support/script.ts";

/** A platform that is simulated itself, so that nothing depends on this machine. */
const SIMULATED = [
  ...["--platform", "simulator", "--node-cores", "2", "--starts-at-once", "4"],
  ...["--max-scale", "4", "--service-overhead", "log-normal(1.5ms, 0.4)"],
  ...["--start-delay", "log-normal(180ms, 0.2)", "--network-delay", "log-normal(0.8ms, 0.3)"],
];

/** Makes the runs of an experiment on it. */
async function makeRuns(
  // deno-lint-ignore no-explicit-any -- experiments differ in their options
  experiment: Experiment<any>,
  output: string,
  args: readonly string[],
): Promise<readonly MadeRun[]> {
  const { values } = parseOptions(experiment.name, "", experiment.options, [
    ...SIMULATED,
    ...args,
    "--output",
    output,
  ]);
  const options = values as CommonOptions;
  await runExperiment(experiment, values as CommonOptions);
  const { runs } = await experiment.plan(values as CommonOptions);
  return [...runs].map((run) => {
    const path = `${output}/runs/${run.name}`;
    let manifest: RunManifest = JSON.parse(Deno.readTextFileSync(`${path}/manifest.json`));
    const folder = {
      path,
      get manifest() {
        return manifest;
      },
      update(changes: Partial<RunManifest>) {
        manifest = { ...manifest, ...changes };
      },
    };
    return { run, options, folder };
  });
}

const never = neverAborted();

function readTwin({ folder }: MadeRun): TwinFolder | null {
  return readTwinFolder(folder);
}

function valueOf(twin: TwinFolder, name: string) {
  return twin.divergence.find(({ metric }) => metric === name)!;
}

Deno.test("twin: finds again what a platform is that works as the model does", async () => {
  await using folder = await temporaryFolder();
  const twinned = await makeRuns(burst, `${folder.path}/burst`, []);
  await makeTwins(twinned, never);
  assert.deepEqual(twinned[0].folder.manifest.notes, []);
  const twin = readTwin(twinned[0]);
  assert.ok(twin !== null);
  assert.equal(twin.manifest.scheduleHash, twinned[0].folder.manifest.scheduleHash);
  assert.match(twin.manifest.notes.join(" "), new RegExp(twin.manifest.scheduleHash!));
  assert.equal(twin.manifest.platform.name, "simulator");
  for (const metric of ["response_time_p50", "response_time_p90"]) {
    const { relativeDifference } = valueOf(twin, metric);
    assert.ok(Math.abs(relativeDifference!) < 0.1, `${metric}: ${relativeDifference}`);
  }
  assert.equal(valueOf(twin, "outcome_ok").relativeDifference, 0);
});

Deno.test("twin: predicts a run with what was measured of another", async () => {
  await using folder = await temporaryFolder();
  const predicted = await makeRuns(burst, `${folder.path}/predicted`, []);
  const [other] = await makeRuns(burst, `${folder.path}/other`, ["--seed", "7", "--rps", "30"]);
  const source = readTwinSource(other.folder.path, other.folder.manifest);
  const calls = source.instances.reduce((sum, { calls }) => sum + calls.length, 0);
  await makeTwins(predicted, never, [source]);
  const twin = readTwin(predicted[0])!;
  assert.match(twin.manifest.notes.join(" "), new RegExp(`measured from ${calls} calls`));
  const { relativeDifference } = valueOf(twin, "response_time_p50");
  assert.ok(Math.abs(relativeDifference!) < 0.1, `${relativeDifference}`);
});

Deno.test("twin: runs on one deployment have twins on one, and again the same", async () => {
  await using folder = await temporaryFolder();
  const twinned = await makeRuns(
    rpsRamp,
    `${folder.path}/ramp`,
    ["--end", "60"],
  );
  const read = () =>
    twinned.map(({ folder: { path } }) => Deno.readTextFileSync(`${path}/twin/invocations.csv`));
  await makeTwins(twinned, never);
  const once = read();
  // The rate of the second run was still remembered in the third.
  const begin = readRows(`${twinned[2].folder.path}/twin/instances.csv`);
  assert.ok(begin.some(({ time_ms, event }) => event === "ready" && Number(time_ms) < 0));
  for (const run of twinned) {
    const twin = readTwin(run);
    assert.ok(twin !== null);
    const { relativeDifference } = valueOf(twin, "response_time_p50");
    assert.ok(Math.abs(relativeDifference!) < 0.1, `${run.run.name}: ${relativeDifference}`);
    Deno.removeSync(`${run.folder.path}/twin`, { recursive: true });
  }
  await makeTwins(twinned, never);
  assert.deepEqual(read(), once);
});

Deno.test("twin: one that cannot be made is a note of the run, which stays as it was", async () => {
  await using folder = await temporaryFolder();
  const twinned = await makeRuns(burst, `${folder.path}/burst`, ["--burst", "5"]);
  const [{ folder: run }] = twinned;
  const files = () => [...Deno.readDirSync(run.path)].map(({ name }) => name).sort();
  const before = files();
  run.update({ scheduleHash: "0".repeat(64) });
  await makeTwins(twinned, never);
  assert.equal(run.manifest.notes.length, 1);
  assert.match(run.manifest.notes[0], /It has no twin: The schedule of burst has the hash/);
  assert.deepEqual(files(), before);
  run.update({ platform: { name: "other", facts: {} }, notes: [] });
  await makeTwins(twinned, never);
  assert.match(run.manifest.notes[0], /does not tell capacity of the platform other/);
  assert.deepEqual(files(), before);
});

Deno.test("twin: each has the options of its own run, on one deployment too", async () => {
  await using folder = await temporaryFolder();
  const [first, second] = await makeRuns(rpsRamp, `${folder.path}/ramp`, ["--end", "40"]);
  await makeTwins([first, { ...second, options: { ...second.options, timeoutMs: 1 } }], never);
  const [twin, hasty] = [await readTwin(first), await readTwin(second)];
  assert.equal(twin!.manifest.outcomes!.timed_out, 0);
  assert.ok(hasty!.manifest.outcomes!.timed_out > 0);
});

Deno.test("twin: one that is stopped half-way is none", async () => {
  await using folder = await temporaryFolder();
  const [made] = await makeRuns(burst, `${folder.path}/burst`, ["--burst", "5"]);
  const stop = new AbortController();
  const { schedule } = made.run;
  const stopping: Schedule = {
    functions: schedule.functions,
    durationMs: schedule.durationMs,
    phases: schedule.phases,
    hash: (signal) => schedule.hash(signal),
    *chunks(options) {
      for (const chunk of schedule.chunks(options)) {
        stop.abort();
        yield chunk;
      }
    },
  };
  await makeTwins([{ ...made, run: { ...made.run, schedule: stopping } }], stop.signal);
  assert.equal(await readTwin(made), null);
  assert.ok(!existsSync(`${made.folder.path}/twin`));
});

Deno.test("twin: what keeps one run from having one is no note of those that have", async () => {
  await using folder = await temporaryFolder();
  const [first, second] = await makeRuns(rpsRamp, `${folder.path}/ramp`, ["--end", "40"]);
  second.folder.update({ scheduleHash: "0".repeat(64) });
  await makeTwins([first, second], never);
  assert.notEqual(await readTwin(first), null);
  assert.deepEqual(first.folder.manifest.notes, []);
  assert.equal(await readTwin(second), null);
  assert.match(second.folder.manifest.notes[0], /It has no twin: The schedule of/);
});
