import assert from "node:assert/strict";
import { answerPromptly, ExecutorServer } from "../support/executor_server.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { runScript, Script, temporaryFolder } from "../support/script.ts";

Deno.test("shards: two loaders on the simulator, merged, have one report with both verdicts", async () => {
  await using folder = await temporaryFolder();
  const parts = ["1/2", "2/2"].map((shard) => `${folder.path}/loader-${shard[0]}`);
  for (const [i, output] of parts.entries()) {
    const { status, stderr } = await runScript("experiments/trace_sweep.ts", [
      ..."--platform simulator --nodes 100 --sizes 6,12 --duration 20s".split(" "),
      ...["--start-at", "2030-01-01T00:00:00Z", "--shard", `${i + 1}/2`, "--output", output],
    ]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /functions-6_repetition-0 starts at 2030-01-01T00:00:00Z/);
    // 20 s of load, 10 s of drain, 20 s of gap.
    assert.match(stderr, /functions-12_repetition-0 starts at 2030-01-01T00:00:50Z/);
  }
  const output = `${folder.path}/both`;
  const merge = () => runScript("scripts/merge.ts", [...parts, "--output", output]);
  const merged = await merge();
  assert.equal(merged.status, 0, merged.stderr);
  assert.match(merged.stdout, /Verdict: VALID/);
  const report = Deno.readTextFileSync(`${output}/report.html`);
  assert.ok(report.includes("<h3>Loaders</h3>"));
  const { plan } = readRun(output, "functions-12_repetition-0");
  const rows = readRows(`${output}/runs/functions-12_repetition-0/invocations.csv`);
  assert.deepEqual(
    rows.map(({ index }) => Number(index)).sort((a, b) => a - b),
    Array.from({ length: plan.invocations }, (_, index) => index),
  );

  const again = await merge();
  assert.equal(again.status, 2);
  assert.match(again.stderr, /holds other files; name a new or empty one with --output/);
  const half = await runScript("scripts/merge.ts", [parts[1], "--output", `${folder.path}/half`]);
  assert.equal(half.status, 2);
  assert.match(half.stderr, /Of 2 shards, 1\/2 is missing/);
  const none = await runScript("scripts/merge.ts", []);
  assert.match(none.stderr, /Expected the folders of the loaders\. Usage: merge/);
  const unknown = await runScript("scripts/merge.ts", ["--outptu", "x"]);
  assert.match(unknown.stderr, /'--outptu'.* Usage: merge/);
});

Deno.test("shards: two loaders at one time on one server begin at the same instant", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using folder = await temporaryFolder();
  // Room for two programs to start on a busy machine.
  const startAt = Math.ceil(Date.now() / 1000) + 12;
  const loaders = [1, 2].map((index) =>
    runScript("experiments/burst.ts", [
      ...["--platform", "endpoints", "--endpoints", server.address],
      ..."--rps 20 --slot 500ms --duration 1s --burst 10 --start-gap 11s".split(" "),
      ...["--start-at", String(startAt), "--shard", `${index}/2`],
      ...["--output", `${folder.path}/${index}`],
    ])
  );
  for (const { status, stderr } of await Promise.all(loaders)) assert.equal(status, 0, stderr);
  const parts = [1, 2].map((index) => readRun(`${folder.path}/${index}`, "burst"));
  for (const { shard, runStartUnixMs } of parts) {
    assert.equal(shard?.startAtUnixMs, startAt * 1000);
    // The clock of the program and the time of day differ by less than a time step of the latter.
    assert.ok(Math.abs(runStartUnixMs! - startAt * 1000) < 100, String(runStartUnixMs));
  }
  const { status, stderr } = await runScript("scripts/merge.ts", [
    `${folder.path}/1`,
    `${folder.path}/2`,
  ]);
  assert.equal(status, 0, stderr);
  const rows = readRows(`${folder.path}/1_merged/runs/burst/invocations.csv`);
  assert.equal(rows.length, parts[0].shard?.whole.invocations);
  assert.ok(rows.every(({ outcome }) => outcome === "ok"));
  const groups = readRows(`${folder.path}/1_merged/runs/burst/processes.csv`);
  assert.deepEqual(new Set(groups.map(({ group }) => group)), new Set(["loader 1", "loader 2"]));
});

Deno.test("shards: Ctrl-C ends the wait for the start", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using folder = await temporaryFolder();
  await using script = Script.start("experiments/burst.ts", [
    ...["--platform", "endpoints", "--endpoints", server.address, "--output", `${folder.path}/1`],
    ...["--start-at", "2120-01-01T00:00:00Z", "--shard", "1/2"],
  ]);
  await script.said(/burst starts at 2120-01-01T00:00:00Z/);
  script.kill("SIGINT");
  const { status, stderr } = await script.result;
  assert.equal(status, 130, stderr);
  assert.equal(readRun(`${folder.path}/1`, "burst").status, "interrupted");
});
