import assert from "node:assert/strict";
import { keepAlive } from "../../../experiments/keep_alive.ts";
import { traceSweep } from "../../../experiments/trace_sweep.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import type { OptionTable } from "../../../lib/option/option.ts";
import { parseOptions } from "../../../lib/option/parse_options.ts";
import type { CommonOptions } from "../../../lib/run/common_options.ts";
import type { Experiment } from "../../../lib/run/experiment.ts";
import { makeRuns } from "../../../lib/run/make_runs.ts";
import type { RunsCall } from "../../../lib/run/run_call.ts";
import { temporaryFolder } from "../../support/script.ts";

async function make(experiment: unknown, args: readonly string[], call: RunsCall = {}) {
  const made = experiment as Experiment<OptionTable>;
  const { values } = parseOptions(made.name, "", made.options, args);
  return await makeRuns(made, values as unknown as OptionTable & CommonOptions as never, call);
}

/** What tells of when, where and by how many, and is another each time. */
const OF_THE_MOMENT = new Set([
  ...["createdAt", "endedAt", "firstDispatchAfterMs", "loaderPeakMemoryMib", "runStartUnixMs"],
  ...["output", "jobs"],
]);

/** The files of a folder with their text, without what is of the moment in manifests. */
function readAll(folder: string, under = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${under}`)) {
    const path = `${under}${name}`;
    if (isDirectory) {
      for (const [inner, text] of readAll(folder, `${path}/`)) files.set(inner, text);
      continue;
    }
    const text = Deno.readTextFileSync(`${folder}/${path}`);
    files.set(
      path,
      !path.endsWith(".json") ? text : JSON.stringify(
        JSON.parse(text, (key, value) => OF_THE_MOMENT.has(key) ? null : value),
      ),
    );
  }
  return files;
}

const MATRICES: readonly (readonly [name: string, experiment: unknown, args: readonly string[]])[] =
  [
    ["lanes of several runs, one of which is overloaded", traceSweep, [
      ...["--platform", "simulator", "--sizes", "6,12", "--duration", "10s"],
      ...["--repetitions", "2", "--queue-timeout", "100ms", "--vary", "max-instances=1,100"],
    ]],
    ["runs that know nothing of each other", keepAlive, [
      ...["--policies", "knative,fixed-10min,hybrid-histogram", "--functions", "10"],
      ...["--duration", "1h", "--vary", "nodes=1,2"],
    ]],
  ];

for (const [name, experiment, args] of MATRICES) {
  Deno.test(`--jobs: every file is as of one job: ${name}`, async () => {
    await using folder = await temporaryFolder();
    const outputs = ["1", "3"].map((jobs) => `${folder.path}/${jobs}`);
    const [one, three] = [
      await make(experiment, [...args, "--output", outputs[0]]),
      await make(experiment, [...args, "--jobs", "3", "--output", outputs[1]]),
    ];
    assert.equal(three.status, one.status);
    assert.deepEqual(three.runs.map(({ name }) => name), one.runs.map(({ name }) => name));
    const [expected, actual] = outputs.map((output) => readAll(output));
    assert.ok(expected.size > 20);
    assert.deepEqual([...actual.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [path, text] of expected) assert.equal(actual.get(path), text, path);
  });
}

Deno.test("--jobs: a wish to stop ends all threads, and the same command goes on", async () => {
  await using folder = await temporaryFolder();
  const args = [
    ...["--platform", "simulator", "--sizes", "3,6", "--duration", "10s", "--repetitions", "3"],
    ...["--vary", "policy=knative,fixed-10min", "--jobs", "2", "--output", `${folder.path}/out`],
  ];
  const stop = new AbortController();
  const first = await make(traceSweep, args, {
    signal: stop.signal,
    listener: { onRunEnd: () => stop.abort(new LoaderError("interrupted", "Stopped.")) },
  }).catch((error) => error);
  assert.ok(first instanceof LoaderError || first.status === "interrupted", String(first));
  const { status, runs } = await make(traceSweep, args);
  assert.equal(status, "finished");
  assert.equal(runs.length, 12);
});

Deno.test("--jobs: where time is real it is refused in a sentence", async () => {
  await assert.rejects(make(traceSweep, ["--jobs", "2"]), {
    message: /--jobs: the platform local does not use it, only simulator; leave it out\./,
  });
  await assert.rejects(
    make(traceSweep, ["--vary", "platform=local,simulator", "--jobs", "2"]),
    { message: /--jobs 2: runs on the platform local share its time/ },
  );
});
