import assert from "node:assert/strict";
import { allGone, descendants, readExperiment, readRows, readRun } from "../support/run_files.ts";
import { RefusingProxy } from "../support/refusing_proxy.ts";
import { runScript, Script, temporaryFolder } from "../support/script.ts";

const SCRIPT = "experiments/trace_sweep.ts";
const SMALL = ["--sizes", "2,3", "--duration", "2s", "--drain", "20s"];

Deno.test("trace sweep: from the command to the report", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/sweep`;
  const { status, stdout, stderr } = await runScript(SCRIPT, [
    ...SMALL,
    "--output",
    output,
    "--json",
    "--compat",
  ]);
  assert.equal(status, 0, stderr);
  const printed = JSON.parse(stdout);
  assert.equal(printed.folder, output);
  assert.equal(printed.runs.length, 2);

  const experiment = readExperiment(output);
  assert.equal(experiment.status, "finished");
  assert.deepEqual(experiment.runs, [
    "runs/functions-2_repetition-0",
    "runs/functions-3_repetition-0",
  ]);
  for (const name of ["functions-2_repetition-0", "functions-3_repetition-0"]) {
    const manifest = readRun(output, name);
    const rows = readRows(`${output}/runs/${name}/invocations.csv`);
    assert.equal(rows.length, manifest.plan.invocations);
    assert.equal(new Set(rows.map((row) => row.index)).size, rows.length);
    assert.ok(rows.every((row) => row.outcome === "ok"), stderr);
    assert.ok(rows.some((row) => row.cold_start === "true"), "every function starts cold");
    for (const row of rows) {
      assert.ok(Number(row.dispatched_ms) >= Number(row.scheduled_ms));
      assert.ok(Number(row.completed_ms) >= Number(row.dispatched_ms));
      assert.match(row.instance, /^trace-func-\d+-[0-9a-f]{8}/);
    }
    assert.match(manifest.scheduleHash!, /^[0-9a-f]{64}$/);
    assert.ok(manifest.verdict !== null);
    assert.ok(readRows(`${output}/runs/${name}/instances.csv`).length >= 2);
    assert.ok(readRows(`${output}/runs/${name}/generator.csv`).length >= 2);
    const metrics = readRows(`${output}/runs/${name}/platform_metrics.csv`);
    assert.ok(metrics.some((row) => Number(row.actual_instances) > 0));
    assert.ok(metrics.every((row) => row.scheduling_p50_ms === ""));
    const processes = readRows(`${output}/runs/${name}/processes.csv`);
    assert.ok(processes.some((row) => row.group === "instances" && Number(row.memory_mib) > 0));
  }
  assert.ok(Deno.readTextFileSync(`${output}/report.html`).includes("Verdict"));
});

Deno.test("trace sweep: a proxy of the environment is not asked, and metrics are there", async () => {
  await using folder = await temporaryFolder();
  await using proxy = new RefusingProxy();
  const args = ["--sizes", "2", "--duration", "2s", "--output", `${folder.path}/sweep`];
  await using script = Script.start(SCRIPT, args, undefined, proxy.environment);
  const { status, stderr } = await script.result;
  assert.equal(status, 0, stderr);
  assert.deepEqual(proxy.asked, []);
  const run = "functions-2_repetition-0";
  const { notes } = readRun(`${folder.path}/sweep`, run);
  // A machine that is busy may be too slow to answer; then that is said.
  const late = notes.some((note: string) => /platform_metrics .* failed: no answer/.test(note));
  const metrics = readRows(`${folder.path}/sweep/runs/${run}/platform_metrics.csv`);
  assert.ok(late || metrics.some((row) => Number(row.actual_instances) > 0), notes.join("\n"));
});

Deno.test("trace sweep: Ctrl-C reports what is there, and the same command goes on from it", async () => {
  await using folder = await temporaryFolder();
  const args = ["--sizes", "2", "--duration", "4s", "--output", `${folder.path}/sweep`];
  await using script = Script.start(SCRIPT, args);
  await script.said(/deploying/);
  const invocations = `${folder.path}/sweep/runs/functions-2_repetition-0/invocations.csv`;
  await waitFor(() => readRows(invocations).length > 0);
  const children = descendants(script.pid);
  assert.ok(children.length >= 1, "a gateway");
  script.kill("SIGINT");
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  await allGone(children);
  const manifest = readRun(`${folder.path}/sweep`, "functions-2_repetition-0");
  assert.equal(manifest.status, "interrupted");
  const rows = readRows(invocations);
  assert.equal(rows.length, manifest.plan.invocations);
  assert.ok(rows.some((row) => row.outcome === "cancelled"));
  assert.ok(Deno.statSync(`${folder.path}/sweep/report.html`).isFile);

  const again = await runScript(SCRIPT, args);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(readExperiment(`${folder.path}/sweep`).status, "finished");
  const done = readRows(invocations);
  assert.ok(done.every((row) => row.outcome === "ok"));
  const once = await runScript(SCRIPT, args);
  assert.equal(once.status, 2);
  assert.match(once.stderr, /holds a finished trace-sweep; name another with --output/);
});

Deno.test("trace sweep: kill -9 leaves no process, and the rows so far", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/sweep`;
  await using script = Script.start(SCRIPT, [
    "--sizes",
    "2",
    "--duration",
    "20s",
    "--output",
    output,
  ]);
  await script.said(/deploying/);
  const invocations = `${output}/runs/functions-2_repetition-0/invocations.csv`;
  await waitFor(() => readRows(invocations).length > 3);
  const children = descendants(script.pid);
  assert.ok(children.length >= 2, "a gateway and an instance");
  script.kill("SIGKILL");
  await script.result;
  await allGone(children);
  assert.ok(readRows(invocations).length > 3);
  const report = await runScript("scripts/report.ts", [output]);
  assert.equal(report.status, 0, report.stderr);
});

Deno.test("trace sweep: a gateway that dies ends it with a sentence and status 1", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/sweep`;
  await using script = Script.start(SCRIPT, [
    "--sizes",
    "2",
    "--duration",
    "20s",
    "--output",
    output,
  ]);
  await script.said(/deploying/);
  const invocations = `${output}/runs/functions-2_repetition-0/invocations.csv`;
  await waitFor(() => readRows(invocations).length > 3);
  const children = descendants(script.pid);
  const { gatewayPid } = readRun(output, "functions-2_repetition-0").platform.facts;
  Deno.kill(Number(gatewayPid), "SIGKILL");
  const { status, stderr } = await script.result;
  assert.equal(status, 1, stderr);
  assert.match(stderr, /Error: .*gateway/i);
  await allGone(children);
  const manifest = readRun(output, "functions-2_repetition-0");
  assert.equal(manifest.status, "failed");
  assert.equal(readRows(invocations).length, manifest.plan.invocations);
  assert.ok(Deno.statSync(`${output}/report.html`).isFile);
});

Deno.test("trace sweep: without permissions the flags are named", async () => {
  const { status, stderr } = await runScript(SCRIPT, ["--dry-run"], ["--no-prompt", "--allow-env"]);
  assert.equal(status, 2, stderr);
  assert.match(
    stderr,
    /needs --allow-read --allow-write .*deno run -P experiments\/trace_sweep.ts/,
  );
});

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      if (condition()) return;
    } catch {
      // The file may not be there yet.
    }
    if (performance.now() > deadline) throw new Error("waited a minute in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
