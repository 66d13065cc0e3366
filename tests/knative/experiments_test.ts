import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { SETTINGS_LOG } from "../../lib/store/write/settings_log.ts";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { Script, temporaryFolder } from "../support/script.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { listObjects } from "./test_platform.ts";

/** What every experiment is given: load and requests that two shared cores bear. */
const SMALL = [
  ...["--platform", "knative", "--cpu-request", "10m", "--max-scale", "3"],
  ...["--scrape-interval", "2s", "--drain", "1min"],
];

/** An experiment that was made on the cluster. */
interface Made {
  readonly folder: string;
  readonly stderr: string;
  /** Names of pods that the scheduler has placed since the namespace is there, by Kubernetes' events. */
  readonly placed: ReadonlySet<string>;
}

/** Starts an experiment with the role's rights alone; it finds the gateway by itself. */
function startExperiment(
  { kubeconfig }: TestRole,
  folder: string,
  name: string,
  args: readonly string[],
): Script {
  const { LOADER_PROMETHEUS } = process.env;
  return Script.start(
    `experiments/${name}.ts`,
    [
      ...args,
      ...SMALL,
      ...(LOADER_PROMETHEUS === undefined ? [] : ["--prometheus", LOADER_PROMETHEUS]),
      ...["--output", folder],
    ],
    ["-P"],
    { KUBECONFIG: kubeconfig },
  );
}

/** Makes an experiment, and looks whether it leaves anything. */
async function makeExperiment(
  role: TestRole,
  folder: string,
  name: string,
  args: readonly string[],
): Promise<Made> {
  await using script = startExperiment(role, folder, name, args);
  const { status, stderr } = await script.result;
  assert.equal(status, 0, stderr);
  assert.equal(readExperiment(folder).status, "finished");
  assert.deepEqual(await listObjects(role), [], "nothing is left");
  const { items } = await role.admin.core.listNamespacedEvent({ namespace: role.namespace });
  const placed = items
    .filter(({ reason, involvedObject }) => reason === "Scheduled" && involvedObject.kind === "Pod")
    .map(({ involvedObject }) => involvedObject.name!);
  return { folder, stderr, placed: new Set(placed) };
}

/** Every invocation has a row, was answered by an instance that is known, and each start is told. */
function checkRun(made: Made, name: string): Set<string> {
  const { folder } = made;
  const path = `${folder}/runs/${name}`;
  const manifest = readRun(folder, name);
  assert.ok(manifest.status === "finished" || manifest.status === "overloaded", name);
  assert.notEqual(manifest.verdict, null);
  const rows = readRows(`${path}/invocations.csv`);
  assert.equal(rows.length, manifest.plan.invocations);
  const instances = new Set(readRows(`${path}/instances.csv`).map((row) => row.instance));
  const served = rows.filter((row) => row.outcome === "ok");
  assert.ok(served.length > 0);
  for (const { instance, cold_start } of served) {
    assert.ok(instances.has(instance), `${instance} served, and nothing is told of it`);
    // Empty where it was dispatched while the instance became ready.
    assert.match(cold_start, /^(true|false|)$/);
  }
  assert.ok(readRows(`${path}/platform_metrics.csv`).length > 0);
  assert.ok(readRows(`${path}/nodes.csv`).length > 0, "the metrics API tells of the node");
  for (const row of readStarts(made, name)) checkParts(row);
  return instances;
}

/** The starts of a run; one that had none has no table of them. */
function readStarts({ folder }: Made, name: string): Record<string, string>[] {
  const path = `${folder}/runs/${name}/cold_start_parts.csv`;
  return existsSync(path) ? readRows(path) : [];
}

/** The parts of a start, with what no event explains as one of them, are the whole. */
function checkParts(row: Readonly<Record<string, string>>): void {
  if (row.start_ms === "") return;
  const parts = PARTS.map((part) => Number(row[part]));
  const sumMs = parts.reduce((sum, partMs) => sum + partMs, 0);
  assert.ok(Math.abs(sumMs - Number(row.start_ms)) < 0.01, JSON.stringify(row));
}

const PARTS = [
  "scheduling_ms",
  "sandbox_ms",
  "image_ms",
  "containers_ms",
  "readiness_ms",
  "unexplained_ms",
];

/** Opens the report's text; it is looked at as a picture by hand. */
function readReport({ folder }: Made): string {
  return Deno.readTextFileSync(`${folder}/report.html`);
}

function testExperiment(
  name: string,
  body: (role: TestRole, folder: string) => Promise<void>,
): void {
  Deno.test({
    name: `experiments on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn() {
      await using role = await openTestRole(name.replaceAll(" ", "-"));
      await using folder = await temporaryFolder();
      await body(role, `${folder.path}/results`);
    },
  });
}

testExperiment("trace sweep", async (role, folder) => {
  const made = await makeExperiment(role, folder, "trace_sweep", [
    ...["--sizes", "3,6", "--duration", "1min", "--rate-scale", "0.2"],
  ]);
  const started = new Set(
    [3, 6].flatMap((size) => [...checkRun(made, `functions-${size}_repetition-0`)]),
  );
  assert.deepEqual(started, made.placed, "each start that Kubernetes tells of, and no other");
  const parts = [3, 6].flatMap((size) => readStarts(made, `functions-${size}_repetition-0`));
  assert.ok(parts.length >= 9, "every function has started");
  assert.match(readReport(made), /scheduling/i);
});

testExperiment("rps ramp", async (role, folder) => {
  const made = await makeExperiment(role, folder, "rps_ramp", [
    ...["--start", "5", "--step", "5", "--end", "10", "--slot", "20s", "--runtime", "20ms"],
    ...["--functions", "2", "--no-restart-activator"],
  ]);
  const { runs } = readExperiment(folder);
  assert.equal(runs.length, 2);
  const instances = runs.flatMap((path) => [...checkRun(made, path.replace("runs/", ""))]);
  for (const name of instances) assert.ok(made.placed.has(name), name);
});

testExperiment("burst", async (role, folder) => {
  const made = await makeExperiment(role, folder, "burst", [
    ...["--rps", "6", "--start", "2", "--step", "2", "--slot", "10s", "--duration", "30s"],
    ...["--burst", "10", "--runtime", "50ms", "--no-restart-activator"],
  ]);
  const { runs } = readExperiment(folder);
  for (const path of runs) checkRun(made, path.replace("runs/", ""));
  assert.match(readReport(made), /bursty/);
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
