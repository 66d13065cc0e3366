/** Experiments that are made on the cluster as their users make them, and what each must leave. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
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
export interface Made {
  readonly folder: string;
  readonly stderr: string;
  /** When the scheduler has placed each pod since the namespace is there, by Kubernetes' events. */
  readonly placedUnixMs: ReadonlyMap<string, number>;
}

/** Starts an experiment with the role's rights alone; it finds the gateway by itself. */
export function startExperiment(
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
export async function makeExperiment(
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
    .map(({ involvedObject, eventTime, lastTimestamp }) =>
      // Typed as a date, it comes as text.
      [involvedObject.name!, new Date((eventTime ?? lastTimestamp)!).getTime()] as const
    );
  return { folder, stderr, placedUnixMs: new Map(placed) };
}

/** Every invocation has a row, was answered by an instance that is known, and each start is told. */
export function checkRun(made: Made, name: string): Set<string> {
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

/** Each start that Kubernetes tells of until a run's end was told by the run, and no other. */
export function checkStarts(made: Made, runs: readonly string[]): void {
  const replicaSetOf = (pod: string) => pod.replace(/-[^-]+$/, "");
  const started = new Set<string>();
  const endedUnixMs = new Map<string, number>();
  for (const name of runs) {
    const endedMs = Date.parse(readRun(made.folder, name).endedAt!);
    for (const pod of checkRun(made, name)) {
      started.add(pod);
      endedUnixMs.set(replicaSetOf(pod), endedMs);
    }
  }
  for (const pod of started) assert.ok(made.placedUnixMs.has(pod), `${pod} was never started`);
  for (const [pod, placedMs] of made.placedUnixMs) {
    if (started.has(pod)) continue;
    // The autoscaler may start one more between a run's end and the removal.
    const endedMs = endedUnixMs.get(replicaSetOf(pod));
    assert.ok(endedMs !== undefined, `${pod} is of no run`);
    assert.ok(placedMs > endedMs - 1000, `${pod} was started, and nothing is told of it`);
  }
}

/** The starts of a run; one that had none has no table of them. */
export function readStarts({ folder }: Made, name: string): Record<string, string>[] {
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
export function readReport({ folder }: Made): string {
  return Deno.readTextFileSync(`${folder}/report.html`);
}

/** Makes an experiment in a namespace and a folder of its own. */
export function testExperiment(
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
