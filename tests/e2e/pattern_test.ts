import assert from "node:assert/strict";
import { allGone, descendants, readExperiment, readRows, readRun } from "../support/run_files.ts";
import { runScript, Script, temporaryFolder } from "../support/script.ts";

Deno.test("RPS ramp: one run a rate on one deployment, overload or end", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/ramp`;
  const { status, stderr } = await runScript("experiments/rps_ramp.ts", [
    ..."--start 5 --step 5 --end 10 --slot 1s --runtime 5ms --functions 2 --drain 20s".split(" "),
    "--output",
    output,
  ]);
  assert.equal(status, 0, stderr);
  const { runs } = readExperiment(output);
  assert.deepEqual(runs, ["runs/rate-5", "runs/rate-10"]);
  const [slow, fast] = ["rate-5", "rate-10"].map((name) => readRun(output, name));
  assert.deepEqual([slow.plan.invocations, fast.plan.invocations], [5, 10]);
  assert.equal(slow.platform.facts.gatewayPid, fast.platform.facts.gatewayPid);
  const rows = readRows(`${output}/runs/rate-10/invocations.csv`);
  assert.equal(rows.length, 10);
  assert.ok(rows.every((row) => row.outcome === "ok"), stderr);
  assert.ok(rows.some((row) => row.phase === "warmup"));
  // The second run begins with the instances that the first has left.
  const instances = readRows(`${output}/runs/rate-10/instances.csv`);
  assert.ok(instances.some((row) => row.event === "ready" && Number(row.time_ms) < 0));
  assert.ok(Deno.readTextFileSync(`${output}/report.html`).includes("against rate"));
});

Deno.test("burst: the victim is invoked once, in the middle of the burst, and cold", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/burst`;
  const { status, stderr } = await runScript("experiments/burst.ts", [
    ..."--rps 8 --slot 500ms --duration 2s --burst 10 --runtime 5ms --drain 20s".split(" "),
    "--output",
    output,
  ]);
  assert.equal(status, 0, stderr);
  const rows = readRows(`${output}/runs/burst/invocations.csv`);
  assert.ok(rows.every((row) => row.outcome === "ok"), stderr);
  const victims = rows.filter((row) => row.function_id.endsWith("/victim"));
  assert.equal(victims.length, 1);
  assert.equal(victims[0].cold_start, "true");
  const { burstAtMs } = readRun(output, "burst").parameters;
  assert.equal(Number(victims[0].scheduled_ms), Number(burstAtMs) + 500);
  assert.ok(Deno.readTextFileSync(`${output}/report.html`).includes("around the burst"));
});

Deno.test("Ctrl-C twice ends at once and leaves no process", async () => {
  await using folder = await temporaryFolder();
  await using script = Script.start("experiments/burst.ts", ["--output", `${folder.path}/burst`]);
  await script.said(/deploying/);
  const children = descendants(script.pid);
  script.kill("SIGINT");
  await script.said(/Stopping/);
  script.kill("SIGINT");
  const { status } = await script.result;
  assert.equal(status, 130);
  await allGone(children);
});
