/**
 * Removes what runs have left on a cluster, and nothing else:
 *
 *     deno task clean --platform knative
 *     deno task clean --platform knative --run 2f1c --dry-run
 *
 * Exits with 0 when nothing of ours is left, with 1 otherwise, with 2 for mistakes.
 *
 * @module
 */
import { RealClock } from "../lib/clock/clock.ts";
import {
  cleanCluster,
  findOwnObjects,
  type OwnObjects,
} from "../lib/platform/knative/deploy/clean_cluster.ts";
import { openKubeAccess } from "../lib/platform/knative/cluster/kube_access.ts";
import { KNATIVE } from "../lib/platform/knative/knative.ts";
import { COMMON_OPTIONS } from "../lib/run/common_options.ts";
import {
  type Command,
  JSON_OPTION,
  listenForInterrupt,
  print,
  runCommand,
  ToolOutput,
} from "../lib/cli/program.ts";
import {
  choiceOption,
  durationOption,
  type OptionTable,
  switchOption,
  textOption,
} from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";

const SUMMARY = "Remove what runs have left on a cluster, and put its settings back";

const OPTIONS = {
  platform: choiceOption([KNATIVE.name], { meaning: "where functions ran", default: KNATIVE.name }),
  kubeconfig: COMMON_OPTIONS.kubeconfig,
  context: COMMON_OPTIONS.context,
  namespace: COMMON_OPTIONS.namespace,
  run: textOption<string | null>("id", {
    meaning: "the run whose objects go (default: those of all runs, one under way too)",
    default: null,
  }),
  waitMs: durationOption({
    meaning: "longest wait until everything is gone",
    default: 180_000,
    minimum: 1000,
    maximum: 3_600_000,
  }),
  dryRun: switchOption({ meaning: "say what would go, and stop", default: false }),
  json: JSON_OPTION,
} satisfies OptionTable;

/** Longest that one request may take. */
const REQUEST_MS = 30_000;

async function run(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(
    "clean",
    SUMMARY,
    OPTIONS,
    args,
  );
  if (parsed.help !== null) {
    print("stdout", parsed.help);
    return 0;
  }
  const { run: runId, waitMs, dryRun, json, ...place } = parsed.values;
  const output = new ToolOutput({ json });
  using interrupt = listenForInterrupt(() => print("stderr", "Stopping."));
  const access = openKubeAccess({ ...place, clock: new RealClock() })
    .within(REQUEST_MS, interrupt.signal);
  const own = await findOwnObjects(access, runId);
  for (const line of describeOwn(own, runId)) output.say(line);
  const found = {
    namespace: own.namespace,
    runs: Object.fromEntries(own.runs),
    settings: own.settings,
  };
  if (dryRun) {
    output.tell({ found, dryRun });
    return 0;
  }
  const { done, left } = await cleanCluster(access, {
    runId,
    timeoutMs: waitMs,
    signal: interrupt.signal,
  });
  for (const sentence of done) output.say(sentence);
  output.tell({ found, done, left });
  if (left.length === 0) {
    output.say("Nothing of ours is left.");
    return 0;
  }
  print("stderr", `Still there: ${left.join(", ")}. See what holds them, then try again.`);
  return 1;
}

function describeOwn({ namespace, runs, settings }: OwnObjects, run: string | null): string[] {
  const lines = [...runs].map(([id, { services, leftovers }]) =>
    `run ${id}: ${services} ${services === 1 ? "service" : "services"} in the namespace ` +
    namespace +
    (leftovers === 0 ? "" : ` and ${leftovers} of what was made of services that are gone`)
  );
  if (settings !== null) {
    lines.push(
      `run ${settings.run}: settings that it changed on ${settings.since} from ` +
        `${settings.host} (${Object.keys(settings.after).join(", ")})`,
    );
  }
  if (lines.length > 0) return lines;
  const whose = run === null ? "any run" : `the run ${run}`;
  return [`Nothing of ${whose} is in the namespace ${namespace}.`];
}

export const command: Command = { name: "clean", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
