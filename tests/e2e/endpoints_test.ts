import assert from "node:assert/strict";
import { answerPromptly, ExecutorServer } from "../support/executor_server.ts";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const SWEEP = "experiments/trace_sweep.ts";

function onEndpoints(endpoints: string, folder: string, options: string): string[] {
  return [
    ...["--platform", "endpoints", "--endpoints", endpoints, "--output", folder],
    ...options.split(" "),
  ];
}

Deno.test("endpoints: a trace sweep over two servers, from the command to the report", async () => {
  using a = await ExecutorServer.listen(({ request }, callback) =>
    callback(null, { message: "a", durationInMicroSec: request.runtimeInMilliSec * 1000 })
  );
  using b = await ExecutorServer.listen(({ request }, callback) =>
    callback(null, { message: "b", durationInMicroSec: request.runtimeInMilliSec * 1000 })
  );
  await using folder = await temporaryFolder();
  const output = `${folder.path}/sweep`;
  const { status, stderr } = await runScript(
    SWEEP,
    onEndpoints(`${a.address},${b.address}`, output, "--sizes 3 --duration 2s"),
  );
  assert.equal(status, 0, stderr);
  const manifest = readRun(output, "functions-3_repetition-0");
  assert.equal(manifest.platform.name, "endpoints");
  assert.ok(manifest.verdict !== null);
  // What only the local platform uses is not in force.
  assert.equal(manifest.options.maxScale, undefined);
  const run = `${output}/runs/functions-3_repetition-0`;
  const rows = readRows(`${run}/invocations.csv`);
  assert.equal(rows.length, manifest.plan.invocations);
  assert.ok(rows.every((row) => row.outcome === "ok"), stderr);
  assert.ok(rows.every((row) => row.cold_start === ""), "unknown is empty");
  const serversOf = Map.groupBy(rows, (row) => row.function_id);
  for (const [functionId, ofFunction] of serversOf) {
    assert.equal(new Set(ofFunction.map((row) => row.instance)).size, 1, functionId);
  }
  assert.deepEqual(new Set(rows.map((row) => row.instance)), new Set(["a", "b"]));
  assert.equal(readRows(`${run}/instances.csv`).length, 0);
  const processes = readRows(`${run}/processes.csv`);
  assert.deepEqual(new Set(processes.map((row) => row.group)), new Set(["loader"]));
  const report = Deno.readTextFileSync(`${output}/report.html`);
  assert.ok(report.includes("trace-sweep on endpoints"));
  for (const figure of ["instances", "cold_starts", "autoscaler"]) {
    assert.ok(!report.includes(`.${figure}.svg`), `${figure}: there is nothing to show`);
  }
});

Deno.test("endpoints: a ramp and a burst, without a word of cold starts", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using folder = await temporaryFolder();
  for (
    const [script, options, runs] of [
      [
        "experiments/rps_ramp.ts",
        "--start 5 --step 5 --end 10 --slot 1s --functions 2",
        ["runs/rate-5", "runs/rate-10"],
      ],
      [
        "experiments/burst.ts",
        "--rps 8 --slot 500ms --duration 2s --burst 10",
        ["runs/burst"],
      ],
    ] as const
  ) {
    const output = `${folder.path}/${runs.length}`;
    const { status, stderr } = await runScript(
      script,
      onEndpoints(server.address, output, options),
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(readExperiment(output).runs, runs);
    for (const run of runs) {
      const rows = readRows(`${output}/${run}/invocations.csv`);
      assert.ok(rows.length > 0);
      assert.ok(rows.every((row) => row.outcome === "ok" && row.cold_start === ""), stderr);
    }
    const report = Deno.readTextFileSync(`${output}/report.html`);
    assert.ok(!report.includes("ok, cold"));
  }
});

Deno.test("endpoints: servers that are gone in the middle are outcomes, not an end", async () => {
  const server = await ExecutorServer.listen((call, callback) => {
    answerPromptly(call, callback);
    server[Symbol.dispose]();
  });
  await using folder = await temporaryFolder();
  const { status, stderr } = await runScript(
    SWEEP,
    onEndpoints(server.address, `${folder.path}/sweep`, "--sizes 2 --duration 2s --drain 0"),
  );
  assert.equal(status, 0, stderr);
  const manifest = readRun(`${folder.path}/sweep`, "functions-2_repetition-0");
  assert.notEqual(manifest.verdict?.verdict, "VALID");
  const rows = readRows(`${folder.path}/sweep/runs/functions-2_repetition-0/invocations.csv`);
  assert.equal(rows.length, manifest.plan.invocations);
  assert.ok(rows.some((row) => row.outcome !== "ok"));
});

/** What a user gets wrong, the one sentence that comes of it, and the exit status. */
const MISTAKES: readonly (readonly [string, RegExp, number])[] = [
  ["--platform endpoints", /--platform endpoints needs --endpoints with the servers/, 2],
  [
    "--endpoints localhost:1",
    /--endpoints: the platform local does not use it, only endpoints; leave it out/,
    2,
  ],
  [
    "--platform endpoints --endpoints localhost:1 --max-scale 3",
    /--max-scale: the platform endpoints does not use it, only local/,
    2,
  ],
  [
    "--platform endpoints --endpoints localhost:1 --config config/quick_sweep.yaml",
    /config\/quick_sweep.yaml:\d+: --stable-window: the platform endpoints does not use it/,
    2,
  ],
  ["--platform endpoints --endpoints localhost", /--endpoints: "localhost" has no port/, 2],
  ["--platform endpoints --endpoints nowhere.yaml", /nowhere.yaml: The endpoints file cannot/, 2],
  ["--platform endpoints --endpoints config/quick_sweep.yaml", /:\d+: There is no key "sizes"/, 2],
  [
    "--transport grpc-js --connections invocation",
    /grpc-js cannot have connections by invocation/,
    2,
  ],
  ["--transport pigeon", /--transport: "pigeon" is none of/, 2],
];

for (const [options, sentence, expected] of MISTAKES) {
  Deno.test(`mistake: trace sweep ${options}`, async () => {
    await using folder = await temporaryFolder();
    const output = `${folder.path}/sweep`;
    const { status, stdout, stderr } = await runScript(SWEEP, [
      ...options.split(" "),
      "--output",
      output,
    ]);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.match(stderr, /^Error: .*[.?)]\n$/);
    assert.equal(status, expected);
    assert.equal(stdout, "");
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  });
}

Deno.test("mistake: a server that is not there", async () => {
  await using folder = await temporaryFolder();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { status, stderr } = await runScript(
    SWEEP,
    onEndpoints(`127.0.0.1:${port}`, `${folder.path}/sweep`, "--sizes 2 --duration 1s"),
  );
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`Error: No connection to 127.0.0.1:${port} `));
});
