import assert from "node:assert/strict";
import { traceSweep } from "../../../experiments/trace_sweep.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import { parseOptions } from "../../../lib/option/parse_options.ts";
import { expandMatrix } from "../../../lib/run/matrix/matrix_cell.ts";
import { makeRuns } from "../../../lib/run/make_runs.ts";
import {
  readExperimentManifest,
  readRunManifest,
} from "../../../lib/store/read/manifest_reader.ts";
import { temporaryFolder } from "../../support/script.ts";

const SWEEP = [
  ...["--platform", "simulator", "--sizes", "3,6", "--duration", "10s", "--repetitions", "2"],
  ...["--vary", "policy=knative,fixed-10min"],
];

function valuesOf(...args: string[]) {
  return parseOptions("trace-sweep", "", traceSweep.options, args).values;
}

function cellsOf(...args: string[]) {
  return expandMatrix(traceSweep.options, valuesOf(...args));
}

Deno.test("a matrix: options are crossed, those that go together are not", () => {
  const cells = cellsOf(
    ...["--platform", "simulator", "--vary", "policy=knative,oracle"],
    ...["--vary", "nodes=1,2 with max-scale=10,20"],
  );
  assert.deepEqual(cells.map(({ label }) => label), [
    "policy-knative_nodes-1_max-scale-10",
    "policy-knative_nodes-2_max-scale-20",
    "policy-oracle_nodes-1_max-scale-10",
    "policy-oracle_nodes-2_max-scale-20",
  ]);
  assert.deepEqual(cells[3].parameters, { policy: "oracle", nodes: 2, maxScale: 20 });
  assert.equal(cells[3].options.maxScale, 20);
});

Deno.test("a matrix: values with units and lists are read as options are", () => {
  const [, second] = cellsOf("--platform", "simulator", "--vary", "duration=1s,2min; sizes=3,4|5");
  assert.deepEqual(second.parameters, { durationMs: 1000, sizes: "5" });
  assert.deepEqual(second.options.sizes, [5]);
  assert.equal(second.label, "duration-1s_sizes-5");
});

Deno.test("a matrix over platforms: each with the defaults of its place, and its own options", () => {
  const [local, cluster] = cellsOf("--vary", "platform=local,knative", "--drain", "7s");
  assert.equal(local.options.timeoutMs, 120_000);
  assert.equal(cluster.options.timeoutMs, 900_000);
  assert.equal(cluster.options.drainMs, 7_000);
  // What only one of them uses is no mistake.
  const varied = cellsOf("--vary", "platform=local,simulator", "--nodes", "3");
  assert.equal(varied[1].options.nodes, 3);
});

Deno.test("a matrix: what cannot be varied is one sentence", () => {
  const cases: readonly (readonly [vary: string, message: RegExp])[] = [
    ["polizy=a,b", /--vary polizy: there is no such option; --help lists them\./],
    ["policy=knative,none", /--policy: "none" is none of/],
    ["output=a,b", /--vary output: no result depends on it/],
    ["vary=a,b", /--vary vary: it is about all runs/],
    ["nodes=1,2", /--vary nodes: the platform local does not use it, only simulator/],
  ];
  for (const [vary, message] of cases) {
    const isSimulated = !vary.startsWith("nodes");
    const place = isSimulated ? ["--platform", "simulator"] : [];
    assert.throws(() => cellsOf(...place, "--vary", vary), (error) => {
      assert.ok(error instanceof LoaderError && error.code === "usage");
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("a matrix is made by turns, and its experiment tells what became of each run", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const { status, runs } = await makeRuns(traceSweep, valuesOf(...SWEEP, "--output", output));
  assert.equal(status, "finished");
  const rounds = runs.map(({ parameters }) => parameters.repetition);
  assert.deepEqual(rounds, [0, 0, 0, 0, 1, 1, 1, 1]);
  for (let turn = 0; turn < 4; turn++) {
    const [a, b] = runs.slice(2 * turn, 2 * turn + 2);
    assert.equal(a.parameters.functions, b.parameters.functions);
    assert.notEqual(a.parameters.policy, b.parameters.policy);
    assert.equal(a.scheduleHash, b.scheduleHash, "the same load");
    assert.deepEqual(
      [a, b].map(({ options }) => (options as { policy: string }).policy),
      [a, b].map(({ parameters }) => parameters.policy),
    );
  }
  const manifest = readExperimentManifest(output)!;
  assert.deepEqual(manifest.matrix, { parameters: ["policy"] });
  assert.deepEqual(manifest.runs, runs.map(({ name }) => `runs/${name}`));
  assert.deepEqual(
    manifest.cells?.map(({ run, status, reason }) => [run, status, reason]),
    runs.map(({ name }) => [name, "ok", null]),
  );
});

Deno.test("a matrix goes on where it broke off: what has a result is not made again", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const interrupted = new AbortController();
  let ended = 0;
  const first = await makeRuns(traceSweep, valuesOf(...SWEEP, "--output", output), {
    signal: interrupted.signal,
    listener: {
      onRunEnd: () => {
        if (++ended === 3) interrupted.abort(new LoaderError("interrupted", "Stopped."));
      },
    },
  }).catch((error) => error);
  assert.ok(first instanceof LoaderError || first.status === "interrupted");
  const before = Deno.statSync(`${output}/runs`).mtime;
  const made: string[] = [];
  const again = await makeRuns(traceSweep, valuesOf(...SWEEP, "--output", output), {
    listener: { onRunStart: ({ run }) => made.push(run.name) },
  });
  assert.equal(again.status, "finished");
  assert.equal(made.length, 5, `${made} after ${before}`);
  assert.equal(readExperimentManifest(output)!.cells!.length, 8);
});

Deno.test("a matrix: a platform that is overloaded keeps its cell from larger loads, no other", async () => {
  await using folder = await temporaryFolder();
  const { status, runs } = await makeRuns(
    traceSweep,
    valuesOf(
      ...["--platform", "simulator", "--sizes", "6,12", "--duration", "10s"],
      ...["--queue-timeout", "100ms", "--vary", "max-instances=1,100"],
      ...["--output", `${folder.path}/out`],
    ),
  );
  assert.equal(status, "finished");
  const { cells } = readExperimentManifest(`${folder.path}/out`)!;
  assert.deepEqual(
    cells!.map(({ run, status, reason }) => [run, status, reason]).toSorted(),
    [
      ["max-instances-100_functions-12_repetition-0", "ok", null],
      ["max-instances-100_functions-6_repetition-0", "ok", null],
      [
        "max-instances-1_functions-12_repetition-0",
        "skipped",
        "max-instances-1_functions-6_repetition-0 was overloaded before it.",
      ],
      ["max-instances-1_functions-6_repetition-0", "ok", "The platform was overloaded."],
    ],
  );
  assert.equal(runs.length, 3);
});

/** A sweep whose runs of these names do not come about. */
function failingSweep(names: RegExp): typeof traceSweep {
  return {
    ...traceSweep,
    async plan(options) {
      const plan = await traceSweep.plan(options);
      const runs = [...plan.runs].map((run) => {
        if (!names.test(run.name)) return run;
        const { schedule } = run;
        let passes = 0;
        return {
          ...run,
          schedule: {
            functions: schedule.functions,
            durationMs: schedule.durationMs,
            phases: schedule.phases,
            hash: (signal?: AbortSignal) => schedule.hash(signal),
            *chunks() {
              // The first pass is the plan's.
              if (passes++ > 0) throw new LoaderError("platform", "The platform is out of luck.");
              yield* schedule.chunks();
            },
          },
        };
      });
      return { ...plan, runs };
    },
  };
}

Deno.test("a run that fails keeps no other from being made, and is made when it goes on", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const values = valuesOf(...SWEEP, "--output", output);
  await assert.rejects(
    makeRuns(failingSweep(/6_repetition-1/), values),
    (error) => {
      assert.ok(error instanceof LoaderError && error.code === "platform");
      assert.match(error.message, /^2 of 8 runs failed, .*6_repetition-1: .* out of luck\.$/);
      return true;
    },
  );
  const { cells, status } = readExperimentManifest(output)!;
  assert.equal(status, "failed");
  const failed = cells!.filter(({ status }) => status === "failed");
  assert.deepEqual(
    failed.map(({ reason }) => reason),
    Array(2).fill("The platform is out of luck."),
  );
  assert.equal(cells!.filter(({ status }) => status === "ok").length, 6);
  const made: string[] = [];
  await makeRuns(traceSweep, values, {
    listener: { onRunStart: ({ run }) => made.push(run.name) },
  });
  assert.deepEqual(made.toSorted(), failed.map(({ run }) => run).toSorted());
  const { cells: after } = readExperimentManifest(output)!;
  assert.deepEqual(after!.map(({ status }) => status), Array(8).fill("ok"));
});

Deno.test("three runs in a row that fail end the experiment", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  await assert.rejects(
    makeRuns(failingSweep(/./), valuesOf(...SWEEP, "--output", output)),
    { message: /^3 of 3 runs failed/ },
  );
  const statuses = readExperimentManifest(output)!.cells!.map(({ status }) => status);
  assert.deepEqual(statuses, [...Array(3).fill("failed"), ...Array(5).fill("skipped")]);
});

Deno.test("a run that takes too long is timed out, and the others go on", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  await assert.rejects(
    // Many more invocations than are simulated in the time, anywhere.
    makeRuns(
      traceSweep,
      valuesOf(
        ...["--platform", "simulator", "--sizes", "4", "--duration", "5min", "--run-timeout"],
        ...["1s", "--vary", "rate-scale=0.01,200", "--output", output],
      ),
    ),
    { message: /rate-scale-200_.*: The run took longer than --run-timeout, 1s\.$/ },
  );
  const { cells } = readExperimentManifest(output)!;
  assert.deepEqual(cells!.map(({ status }) => status).toSorted(), ["ok", "timed out"]);
  const run = cells!.find(({ status }) => status === "timed out")!;
  const { status, verdict } = readRunManifest(`${output}/runs/${run.run}`)!;
  assert.equal(status, "timed_out");
  assert.match(verdict!.reasons[0], /took longer/);
});
