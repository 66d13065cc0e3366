import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import type { ExperimentManifest, RunManifest } from "../../lib/store/schema/manifest.ts";
import {
  type LiveService,
  selectorOf,
  SERVICES,
} from "../../lib/platform/knative/cluster/knative_objects.ts";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { Script, type ScriptResult, temporaryFolder } from "../support/script.ts";
import { waitUntil } from "./condition.ts";
import type { TestRole } from "./role.ts";

/** Name of the one run of the experiment. */
const RUN = "burst";

/** A load that two busy cores carry: three functions, four invocations a second. */
const SMALL_LOAD: readonly string[] = [
  ...["--rps", "4", "--start", "2", "--step", "2", "--slot", "1s", "--duration", "8s"],
  ...["--burst", "3", "--runtime", "20ms", "--memory", "16", "--max-scale", "2"],
  ...["--timeout", "2min", "--drain", "2min", "--scrape-interval", "1s"],
  ...["--cpu-request", "5m", "--no-restart-activator"],
  // How well the load is made while others use the cores is not what is tested.
  ...["--limit-dispatch-lag", "1min", "--limit-loop-delay", "1min", "--limit-busy-seconds", "1"],
];

/** A row of the table of invocations. */
export type InvocationText = Readonly<Record<string, string>>;

/** The burst experiment as a user starts it, with a role's rights. */
export class UserRun implements AsyncDisposable {
  readonly folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly #script: Script;
  readonly #role: TestRole;

  private constructor(folder: UserRun["folder"], script: Script, role: TestRole) {
    this.folder = folder;
    this.#script = script;
    this.#role = role;
  }

  /** Starts it; options given here win over those of the small load. */
  static async start(role: TestRole, ...args: readonly string[]): Promise<UserRun> {
    const { kubeconfig, namespace } = role;
    const folder = await temporaryFolder();
    const { LOADER_GATEWAY = "", LOADER_PROMETHEUS = "" } = process.env;
    const script = Script.start("experiments/burst.ts", [
      ...["--platform", "knative", "--namespace", namespace, "--kubeconfig", kubeconfig],
      ...["--gateway", LOADER_GATEWAY, "--prometheus", LOADER_PROMETHEUS],
      ...["--output", `${folder.path}/out`],
      ...SMALL_LOAD,
      ...args,
    ]);
    return new UserRun(folder, script, role);
  }

  get result(): Promise<ScriptResult> {
    return this.#script.result;
  }

  get experiment(): ExperimentManifest {
    return readExperiment(`${this.folder.path}/out`);
  }

  get manifest(): RunManifest {
    return readRun(`${this.folder.path}/out`, RUN);
  }

  /** There is a folder with results. */
  get hasFolder(): boolean {
    return existsSync(`${this.folder.path}/out`);
  }

  /** Rows of a table as they are on the disk now. */
  rows(table: string): InvocationText[] {
    const file = `${this.folder.path}/out/runs/${RUN}/${table}.csv`;
    return existsSync(file) ? readRows(file) : [];
  }

  /** The label of what it deploys; `undefined` before it has a platform. */
  get runId(): string | undefined {
    const isThere = existsSync(`${this.folder.path}/out/runs/${RUN}/manifest.json`);
    return isThere ? this.manifest.platform.facts.runId as string | undefined : undefined;
  }

  /** Names of its services on the cluster. */
  async services(): Promise<string[]> {
    const { admin, namespace } = this.#role;
    const { runId } = this;
    if (runId === undefined) return [];
    const { items }: { readonly items: readonly LiveService[] } = await admin.custom
      .listNamespacedCustomObject({ ...SERVICES, namespace, labelSelector: selectorOf(runId) });
    return items.map(({ metadata }) => metadata.name);
  }

  /** Names of its pods; they outlive its services, as Knative lets them drain for half a minute. */
  async pods(): Promise<string[]> {
    const { admin: { core }, namespace } = this.#role;
    const { runId } = this;
    if (runId === undefined) return [];
    const { items } = await core
      .listNamespacedPod({ namespace, labelSelector: selectorOf(runId) });
    return items.map(({ metadata }) => metadata!.name!);
  }

  kill(signal: Deno.Signal): void {
    this.#script.kill(signal);
  }

  async said(pattern: RegExp): Promise<void> {
    await this.#script.said(pattern);
  }

  /** Waits until so many invocations have come to their end. */
  async hasInvoked(count: number): Promise<void> {
    await this.whileRunning(
      `${count} invocations`,
      () => this.rows("invocations").length >= count,
    );
  }

  /** Waits until something is so; it must be before the run ends. */
  async whileRunning(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    let hasEnded = false;
    this.result.then(() => hasEnded = true);
    await waitUntil(what, async () => {
      if (await isSo()) return true;
      if (hasEnded) throw new Error(`ended before ${what}: ${(await this.result).stderr}`);
      return false;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#script[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** What `deno task clean` does with a role's rights. */
export async function runClean(
  { kubeconfig }: TestRole,
  ...args: readonly string[]
): Promise<ScriptResult> {
  await using script = Script.start("scripts/clean.ts", args, undefined, {
    KUBECONFIG: kubeconfig,
  });
  return await script.result;
}

/** Removes what runs have left, as their user is told to. */
export async function clean(role: TestRole, ...args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runClean(role, "--kubeconfig", role.kubeconfig, ...args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /Nothing of ours is left/);
}

/** The one sentence that says why a script failed; nothing else of an error is there. */
export function assertTold({ stderr }: ScriptResult, expected: RegExp): void {
  const errors = stderr.split("\n").filter((line) => line.startsWith("Error: "));
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0], expected);
  assert.match(errors[0], /[^.][.?]$/, "one sentence");
  assertNoTrace(stderr);
}

/** Nothing of the program's inside is shown. */
export function assertNoTrace(stderr: string): void {
  assert.doesNotMatch(stderr, /^\s+at |Uncaught|file:\/\//m);
}

/** The numbers of invocations by what became of them. */
export function countOutcomes(rows: readonly InvocationText[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of rows) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
