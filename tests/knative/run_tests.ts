/**
 * Runs the tests against a real cluster with Knative, where there is one:
 *
 *     deno task test:knative [files]
 *     deno task test:knative:slow
 *
 * Without one it says so in a line and succeeds; with `CI=true` that is a failure.
 */
import process from "node:process";
import { HAS_CLUSTER } from "./role.ts";

/**
 * These wait for what Kubernetes does in its own time, minutes where its controllers hear nothing
 * after an outage, and have a task of their own.
 */
const SLOW = ["outage_test.ts"];

/**
 * These leave alone what others see of the cluster, and mostly wait for pods to go, half a minute
 * each time: some of them run at once. All others change settings of the whole cluster or stop
 * parts of it, and run one after the other.
 */
const SIDE_BY_SIDE = [
  // The longest first.
  "deploy_test.ts",
  "failures_test.ts",
  "experiments_test.ts",
  "contract_test.ts",
  "two_runs_test.ts",
  "watch_test.ts",
  "twin_test.ts",
  "prometheus_test.ts",
  "metrics_server_test.ts",
  "clean_task_test.ts",
  "clean_test.ts",
  "secrets_test.ts",
  "rbac_test.ts",
  "image_test.ts",
];

/** Files at once, so that two cores can carry their runs. */
const AT_ONCE = 3;

if (HAS_CLUSTER) {
  Deno.exit(await runTests(Deno.args));
}
console.log(
  "Skipped: there is no cluster to test against; KUBECONFIG and LOADER_GATEWAY tell of one.",
);
if (process.env.CI === "true") Deno.exit(1);

async function runTests(args: readonly string[]): Promise<number> {
  if (args.includes("--slow")) return await test(SLOW.map(pathOf), 1);
  if (args.length > 0) return await test(args, 1);
  const alone = listTests().filter((name) => !SLOW.includes(name) && !SIDE_BY_SIDE.includes(name));
  const codes = [
    await test(SIDE_BY_SIDE.map(pathOf), AT_ONCE),
    await test(alone.map(pathOf), 1),
  ];
  return Math.max(...codes);
}

async function test(files: readonly string[], atOnce: number): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-P", ...(atOnce > 1 ? ["--parallel"] : []), ...files],
    env: { DENO_JOBS: String(atOnce) },
  }).spawn().status;
  return code;
}

function listTests(): string[] {
  return Array.from(Deno.readDirSync(import.meta.dirname!), ({ name }) => name)
    .filter((name) => name.endsWith("_test.ts")).sort();
}

function pathOf(name: string): string {
  return `tests/knative/${name}`;
}
