/**
 * What the Knative platform takes on a cluster: time to deploy and remove functions, beside
 * kubectl with the very same services in the same run; and of a trace run and one at ten
 * invocations a second, the dispatch lag and the loader's own CPU.
 *
 *     deno task bench:knative [--short]
 *
 * The cluster shares the machine's cores with the loader here, so that the figures are bounds of
 * what a cluster of its own gives.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { neverAborted } from "../lib/base/signal.ts";
import { rpsRamp } from "../experiments/rps_ramp.ts";
import { traceSweep } from "../experiments/trace_sweep.ts";
import { readExperimentFolder } from "../lib/store/read/experiment_folder.ts";
import { RealClock } from "../lib/clock/clock.ts";
import type { FunctionSpec } from "../lib/model/platform.ts";
import {
  DEFAULT_TEMPLATE,
  KNATIVE_PLATFORM_DEFAULTS,
} from "../lib/platform/knative/knative_options.ts";
import { RUN_LABEL } from "../lib/platform/knative/cluster/knative_objects.ts";
import {
  deriveService,
  readServiceTemplate,
} from "../lib/platform/knative/deploy/service_template.ts";
import type { CommonOptions } from "../lib/run/common_options.ts";
import type { Experiment } from "../lib/run/experiment.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { runExperiment } from "../lib/cli/run_experiment.ts";
import { rankedQuantile } from "../lib/stats/quantile.ts";
import { openTestRole, type TestRole } from "../tests/knative/role.ts";
import { createTestPlatform, smallFunction } from "../tests/knative/test_platform.ts";
import { readRows } from "../tests/support/run_files.ts";
import { temporaryFolder } from "../tests/support/script.ts";
import { measureProcess } from "./measured_process.ts";

const isShort = Deno.args.includes("--short");
const READY = isShort ? 10 : 50;
const AT_ZERO = isShort ? 20 : 200;
const RUN = isShort ? "20s" : "1min";
const KUBECTL_RUN = "kubectl";

const clock = new RealClock();

/** Seconds that something takes. */
async function secondsOf(action: () => Promise<unknown>): Promise<number> {
  const beganMs = clock.nowMs();
  await action();
  return (clock.nowMs() - beganMs) / 1000;
}

function createFunctions(count: number, initialScale: number): FunctionSpec[] {
  return Array.from({ length: count }, (_, index) => smallFunction(index, { initialScale }));
}

async function deployWithLoader(role: TestRole, count: number, initialScale: number) {
  await using platform = await createTestPlatform(role, { deployTimeoutMs: 300_000 });
  const signal = neverAborted();
  const deployS = await secondsOf(() =>
    platform.deploy(createFunctions(count, initialScale), signal)
  );
  return { deployS, removeS: await secondsOf(() => platform.teardown()) };
}

/** As a person would: one file, applied, waited for, deleted, and its pods waited for. */
async function deployWithKubectl(role: TestRole, count: number, initialScale: number) {
  await using folder = await temporaryFolder();
  const template = readServiceTemplate(DEFAULT_TEMPLATE);
  const items = createFunctions(count, initialScale).map((spec) =>
    deriveService(template, spec, KUBECTL_RUN, KNATIVE_PLATFORM_DEFAULTS)
  );
  const file = `${folder.path}/services.json`;
  Deno.writeTextFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const selector = `${RUN_LABEL}=${KUBECTL_RUN}`;
  // As an administrator: the role may less than kubectl asks for.
  const kubectl = (...args: readonly string[]) =>
    measureProcess("kubectl", ["-n", role.namespace, ...args]);
  const deployS = await secondsOf(async () => {
    await kubectl("apply", "-f", file);
    await kubectl("wait", "ksvc", "-l", selector, "--for=condition=Ready", "--timeout=300s");
  });
  const removeS = await secondsOf(async () => {
    await kubectl("delete", "-f", file);
    await kubectl("wait", "pod", "-l", selector, "--for=delete", "--timeout=300s");
  });
  return { deployS, removeS };
}

/** Makes a run and tells how punctual the loader was, and what it took. */
async function measureRun(
  role: TestRole,
  // deno-lint-ignore no-explicit-any -- experiments differ in their options
  experiment: Experiment<any>,
  args: readonly string[],
): Promise<void> {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/${experiment.name}`;
  const { values } = parseOptions(experiment.name, "", experiment.options, [
    ...args,
    ...["--platform", "knative", "--kubeconfig", role.kubeconfig, "--cpu-request", "10m"],
    ...["--gateway", process.env.LOADER_GATEWAY!, "--drain", "1min", "--max-scale", "3"],
    ...["--output", output],
  ]);
  await runExperiment(experiment, values as CommonOptions);
  const { runs } = await readExperimentFolder(output);
  for (const { path, manifest } of runs) {
    const { verdict, plan, name } = manifest;
    assert.ok(verdict !== null);
    const lagsMs = readRows(`${path}/invocations.csv`)
      .filter((row) => row.dispatched_ms !== "")
      .map((row) => Number(row.dispatched_ms) - Number(row.scheduled_ms));
    const sortedMs = Float64Array.from(lagsMs).sort();
    const cpu = readRows(`${path}/generator.csv`).map((row) => Number(row.cpu_percent));
    const meanCpu = cpu.reduce((sum, percent) => sum + percent, 0) / cpu.length;
    console.log(
      `${experiment.name} ${name}: ${plan.meanRatePerS.toFixed(1)} invocations a second, ` +
        `dispatch lag p50 ${rankedQuantile(sortedMs, 0, 0.5)?.toFixed(2) ?? "–"} ms, p99 ` +
        `${rankedQuantile(sortedMs, 0, 0.99)?.toFixed(2) ?? "–"} ms (target 5), loader ${
          meanCpu.toFixed(1)
        } % ` +
        `of a core (target 5 at 10 a second), ${verdict.verdict}`,
    );
  }
}

async function compareDeployments(role: TestRole): Promise<void> {
  const loader = await deployWithLoader(role, READY, 1);
  const kubectl = await deployWithKubectl(role, READY, 1);
  const both = (key: keyof typeof loader) =>
    `${loader[key].toFixed(0)} s (kubectl ${kubectl[key].toFixed(0)} s)`;
  console.log(
    `${READY} functions with an instance each: ready in ${both("deployS")}, removed in ` +
      `${both("removeS")} (targets 60 s each)`,
  );
}

await using role = await openTestRole("bench");
await compareDeployments(role);
const { deployS, removeS } = await deployWithLoader(role, AT_ZERO, 0);
console.log(
  `${AT_ZERO} functions at zero: ready in ${deployS.toFixed(0)} s (target 300), removed in ` +
    `${removeS.toFixed(0)} s`,
);
await measureRun(role, traceSweep, [
  ...["--sizes", "6", "--rate-scale", "0.2", "--duration", RUN],
]);
await measureRun(role, rpsRamp, [
  ...["--start", "10", "--end", "10", "--slot", RUN, "--functions", "2", "--runtime", "20ms"],
]);
