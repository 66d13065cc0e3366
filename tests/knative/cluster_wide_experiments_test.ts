/** Experiments that change what all runs share: they restart the activator, or change settings. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { SETTINGS_LOG } from "../../lib/store/write/settings_log.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { Script } from "../support/script.ts";
import {
  checkRun,
  checkStarts,
  makeExperiment,
  readReport,
  readStarts,
  startExperiment,
  testExperiment,
} from "./made_experiment.ts";
import { listObjects } from "./test_platform.ts";

testExperiment("trace sweep", async (role, folder) => {
  const made = await makeExperiment(role, folder, "trace_sweep", [
    ...["--sizes", "3,6", "--duration", "30s", "--rate-scale", "0.2"],
  ]);
  checkStarts(made, [3, 6].map((size) => `functions-${size}_repetition-0`));
  const parts = [3, 6].flatMap((size) => readStarts(made, `functions-${size}_repetition-0`));
  assert.ok(parts.length >= 9, "every function has started");
  assert.match(readReport(made), /scheduling/i);
});

testExperiment("warm-up", async (role, folder) => {
  const readSettings = async () => {
    const { data, metadata } = await role.admin.core.readNamespacedConfigMap(AUTOSCALER);
    return { data, annotations: metadata?.annotations };
  };
  const before = await readSettings();
  const made = await makeExperiment(role, folder, "trace_sweep", [
    ...["--sizes", "3", "--warmup", "30s", "--duration", "30s", "--rate-scale", "0.2"],
    "--no-restart-activator",
  ]);
  const name = "functions-3_repetition-0";
  checkRun(made, name);
  const path = `${folder}/runs/${name}`;
  const phases = new Set(readRows(`${path}/invocations.csv`).map((row) => row.phase));
  assert.deepEqual([...phases], ["warmup", "measurement"]);
  const instances = readRows(`${path}/instances.csv`);
  assert.ok(
    instances.some(({ event, time_ms }) => event === "ready" && Number(time_ms) < 0),
    "initial instances are ready before the load",
  );
  const changes = Deno.readTextFileSync(`${path}/${SETTINGS_LOG}`).trimEnd().split("\n")
    .map((line) => JSON.parse(line).after["scale-down-delay"]);
  assert.deepEqual(changes, ["15m", "0s", before.data?.["scale-down-delay"] ?? null]);
  assert.deepEqual(await readSettings(), before, "put back");
});

const AUTOSCALER = { namespace: "knative-serving", name: "config-autoscaler" };

testExperiment("two loaders", async (role, folder) => {
  // Room for the first to restart the activator, and for both to deploy.
  const gap = 75;
  const startAt = Math.ceil(Date.now() / 1000) + gap + 10;
  const parts = [1, 2].map((index) => `${folder}-${index}`);
  const scripts = parts.map((part, i) =>
    startExperiment(role, part, "trace_sweep", [
      ...["--sizes", "4", "--warmup", "15s", "--duration", "20s", "--rate-scale", "0.2"],
      ...["--shard", `${i + 1}/2`, "--start-at", String(startAt), "--start-gap", `${gap}s`],
    ])
  );
  for (const script of scripts) {
    await using ended = script;
    const { status, stderr } = await ended.result;
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual(await listObjects(role), [], "nothing is left");
  const name = "functions-4_repetition-0";
  const [first, second] = parts.map((part) => `${part}/runs/${name}/${SETTINGS_LOG}`);
  assert.ok(existsSync(first), "the first changes the settings");
  assert.ok(!existsSync(second), "for all");
  await using merging = Script.start("scripts/merge.ts", [...parts, "--output", folder]);
  const { status, stderr } = await merging.result;
  assert.equal(status, 0, stderr);
  const { plan } = readRun(folder, name);
  const rows = readRows(`${folder}/runs/${name}/invocations.csv`);
  assert.deepEqual(
    rows.map(({ index }) => Number(index)).sort((a, b) => a - b),
    Array.from({ length: plan.invocations }, (_, index) => index),
  );
  assert.ok(rows.some(({ outcome }) => outcome === "ok"));
});
