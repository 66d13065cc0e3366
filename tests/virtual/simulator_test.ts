import assert from "node:assert/strict";
import { runScript, Script, temporaryFolder } from "../support/script.ts";

const SIMULATED = ["--platform", "simulator"];

/** The tables of an experiment's folder, by their paths in it. */
async function readTables(folder: string): Promise<Map<string, string>> {
  const tables = new Map<string, string>();
  for await (const run of Deno.readDir(`${folder}/runs`)) {
    for await (const { name } of Deno.readDir(`${folder}/runs/${run.name}`)) {
      if (!name.endsWith(".csv")) continue;
      const path = `${run.name}/${name}`;
      tables.set(path, await Deno.readTextFile(`${folder}/runs/${path}`));
    }
  }
  return tables;
}

for (
  const [experiment, args, rows] of [
    ["trace_sweep", ["--sizes", "6", "--duration", "10s", "--warmup", "1min"], 100],
    ["rps_ramp", ["--end", "40"], 100],
    ["burst", [], 100],
    ["cold_start", ["--slots", "3"], 100],
  ] as const
) {
  Deno.test(`simulator: ${experiment} gives a report, and the same bytes again`, async () => {
    await using folder = await temporaryFolder();
    const made: Map<string, string>[] = [];
    for (const name of ["once", "again"]) {
      const output = `${folder.path}/${name}`;
      const { status, stderr } = await runScript(`experiments/${experiment}.ts`, [
        ...SIMULATED,
        ...args,
        "--output",
        output,
      ]);
      assert.equal(status, 0, stderr);
      assert.ok((await Deno.stat(`${output}/report.html`)).size > 10_000);
      made.push(await readTables(output));
    }
    const [once, again] = made;
    assert.deepEqual(again, once);
    const invocations = [...once].find(([path]) => path.endsWith("/invocations.csv"))![1];
    assert.ok(invocations.split("\n").length > rows);
  });
}

Deno.test("simulator: a mistake in its file is told with the line, before anything happens", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/simulation.yaml`;
  await Deno.writeTextFile(file, "nodes: 2\nnodecores: 4\n");
  const { status, stderr } = await runScript("experiments/trace_sweep.ts", [
    ...SIMULATED,
    "--simulation",
    file,
    "--output",
    `${folder.path}/out`,
  ]);
  assert.equal(status, 2);
  assert.match(stderr, /simulation\.yaml:2: There is no key "nodecores" here/);
  await assert.rejects(Deno.stat(`${folder.path}/out`));
});

Deno.test("simulator: a flag wins over the file", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/simulation.yaml`;
  await Deno.writeTextFile(file, "nodes: 2\nnode-cores: 4\n");
  const { status, stderr } = await runScript("experiments/burst.ts", [
    ...SIMULATED,
    "--simulation",
    file,
    "--nodes",
    "5",
    "--output",
    `${folder.path}/out`,
  ]);
  assert.equal(status, 0, stderr);
  const [run] = [...Deno.readDirSync(`${folder.path}/out/runs`)];
  const manifest = JSON.parse(
    await Deno.readTextFile(`${folder.path}/out/runs/${run.name}/manifest.json`),
  );
  const { nodes, nodeCores } = manifest.platform.facts;
  assert.deepEqual([nodes, nodeCores], [5, 4]);
});

Deno.test("simulator: Ctrl-C ends an experiment with a report of what there is", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  // Far more runs than any machine makes before the signal is there.
  await using script = Script.start("experiments/trace_sweep.ts", [
    ...SIMULATED,
    ...["--sizes", "6", "--duration", "20s", "--repetitions", "1000", "--output", output],
  ]);
  await script.said(/repetition-0: finished/);
  script.kill("SIGINT");
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  assert.ok((await Deno.stat(`${output}/report.html`)).size > 10_000);
});

Deno.test("simulator: what is infinite in its JSON is told from what has too few observations", async () => {
  await using folder = await temporaryFolder();
  const { status, stdout, stderr } = await runScript("experiments/rps_ramp.ts", [
    ...SIMULATED,
    ...["--start", "40", "--end", "40", "--slot", "3s", "--initial-scale", "0"],
    // No instance is there in time, so that every call is rejected.
    ...["--start-delay", "20s", "--queue-timeout", "1s"],
    ...["--json", "--output", `${folder.path}/out`],
  ]);
  assert.equal(status, 0, stderr);
  const { runs: [{ summary }] } = JSON.parse(stdout);
  assert.equal(summary.slowdown.infinite, summary.slowdown.observations);
  assert.equal(summary.slowdown.all.p50, "Infinity");
  assert.equal(summary.slowdown.all.p99, null);
  assert.equal(summary.slowdown.okOnly.p50, null);
});

/** Waits until the only run of an experiment's folder has begun. */
async function runBegan(folder: string): Promise<string> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs;) {
    try {
      const [{ name }] = [...Deno.readDirSync(`${folder}/runs`)];
      const path = `${folder}/runs/${name}`;
      const { runStartUnixMs } = JSON.parse(Deno.readTextFileSync(`${path}/manifest.json`));
      if (runStartUnixMs !== null) return path;
    } catch {
      // It is not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no run began in ${folder}`);
}

Deno.test("simulator: Ctrl-C is heard in the middle of a run, whatever happens in it", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  // Much is scraped and little invoked: seconds of computing for a report of a moment.
  await using script = Script.start("experiments/trace_sweep.ts", [
    ...SIMULATED,
    ...["--sizes", "2", "--duration", "1400min", "--rate-scale", "0.01"],
    ...["--scrape-interval", "1s", "--output", output],
  ]);
  const run = await runBegan(output);
  script.kill("SIGINT");
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  const manifest = JSON.parse(await Deno.readTextFile(`${run}/manifest.json`));
  assert.equal(manifest.status, "interrupted");
  const { ok, cancelled } = manifest.outcomes;
  assert.ok(cancelled > 0, "what was not dispatched is told");
  const rows = (await Deno.readTextFile(`${run}/invocations.csv`)).trimEnd().split("\n").length - 1;
  assert.equal(rows, manifest.plan.invocations, "each invocation has a row");
  assert.ok(ok < rows);
});

Deno.test("simulator: Ctrl-C while the report is made ends with 130, and the results are whole", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  await using script = Script.start("experiments/trace_sweep.ts", [
    ...SIMULATED,
    ...["--sizes", "20", "--duration", "60min", "--output", output],
  ]);
  await script.said(/functions-20_repetition-0: finished, VALID/);
  // Before that the experiment itself would be interrupted.
  const statusOf = () => JSON.parse(Deno.readTextFileSync(`${output}/experiment.json`)).status;
  for (let turn = 0; statusOf() === "running" && turn < 10_000; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  script.kill("SIGINT");
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  assert.match(stderr, /but no report: it was stopped; deno task report .*out makes it\./);
  const { status: stored } = JSON.parse(await Deno.readTextFile(`${output}/experiment.json`));
  assert.equal(stored, "finished");
  await assert.rejects(Deno.stat(`${output}/report.html`), Deno.errors.NotFound);
});
