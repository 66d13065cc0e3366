import { basename } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import { hasResult, type RunStatus } from "../store/schema/manifest.ts";
import { type PlatformName, traitsOf } from "../platform/registry.ts";
import type { CommonOptions } from "../run/common_options.ts";
import type { Derivation } from "../run/derivation.ts";
import type { Experiment } from "../run/experiment.ts";
import { withExamples } from "./help_text.ts";
import { runDerivation } from "./derivation_script.ts";
import { describeFailure, listenForInterrupt, print } from "./program.ts";
import type { LiveView } from "../live/live_view.ts";
import { makeReport } from "../run/make_report.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import { parseOptions } from "../option/parse_options.ts";
import { runOwnProgram } from "./own_programs.ts";
import { restartForEachTurn } from "./restart.ts";
import { runExperiment } from "./run_experiment.ts";
import { TerminalProgress } from "./terminal_progress.ts";

/**
 * The main program of an experiment script: parses the options, makes the
 * experiment, shows how it goes on, writes the report, and exits with 0, with 2
 * for a mistake of the user's, 130 when stopped, 1 for a failure.
 */
export async function runAsScript<O extends OptionTable>(
  experiment: Experiment<O> | Derivation<O>,
): Promise<void> {
  if (Deno.build.standalone) await runOwnProgram(Deno.args);
  Deno.exit(await runAnyScript(experiment, Deno.args));
}

/** As {@linkcode runAsScript}, but returns the exit status. */
export async function runAnyScript<O extends OptionTable>(
  experiment: Experiment<O> | Derivation<O>,
  args: readonly string[],
): Promise<number> {
  return "plan" in experiment
    ? await runScript(experiment, args)
    : await runDerivation(experiment, args);
}

/** As {@linkcode runAnyScript}, of one that makes runs. */
export async function runScript<O extends OptionTable>(
  experiment: Experiment<O>,
  args: readonly string[],
): Promise<number> {
  const progress = new TerminalProgress();
  let options: (OptionValues<O> & CommonOptions) | undefined;
  let isReporting = false;
  let live: LiveView | undefined;
  let ended: RunStatus = "failed";
  let reportPath: string | null = null;
  using interrupt = listenForInterrupt(() => {
    // All that there is to be stopped then is the report; what becomes of it is told below.
    if (isReporting) return;
    live?.stopping();
    progress.say(
      "Stopping: what is out is cancelled, what is there is reported. Again: end at once" +
        // Processes end with the program; what is on a cluster does not.
        (options !== undefined && traitsOf(options.platform).isCluster
          ? ", and leave what is deployed to deno task clean."
          : "."),
    );
  });
  let folder: string | null = null;
  const report = async (status: RunStatus): Promise<number | null> => {
    if (folder === null || options === undefined) return null;
    isReporting = true;
    ended = status;
    // A user who stopped the runs wants the report of what is there; a second wish ends all.
    const signal = hasResult(status) ? interrupt.signal : undefined;
    try {
      const made = await makeAndPrintReport(folder, status, options, signal);
      reportPath = made.html;
      return made.exitStatus;
    } catch (error) {
      const why = signal?.aborted
        ? `it was stopped; deno task report ${folder} makes it.`
        : errorMessage(error);
      print("stderr", `The results are in ${folder}, but no report: ${why}`);
      if (signal?.aborted) return 130;
      return error instanceof LoaderError ? error.exitStatus : 1;
    }
  };
  try {
    const parsed = parseOptions(
      experiment.name,
      experiment.question,
      experiment.options,
      args,
    );
    if (parsed.help !== null) {
      print("stdout", withExamples(parsed.help, experiment.name, experiment.examples));
      return 0;
    }
    options = parsed.values as OptionValues<O> & CommonOptions;
    if (!traitsOf(options.platform).isVirtual) restartForEachTurn();
    requirePermissions(experiment.name.replaceAll("-", "_"), options.platform);
    progress.open(traitsOf(options.platform).isVirtual);
    live = await openLive(experiment, options);
    if (live !== undefined) progress.say(`Live:    ${live.url}`);
    const outcome = await runExperiment(experiment, options, {
      command: Deno.build.standalone
        ? [basename(Deno.execPath()), ...Deno.args]
        : ["deno", "task", `exp:${experiment.name}`, ...args],
      signal: interrupt.signal,
      listener: {
        onPlan: (block, loads, isWhole) => {
          printTo(options!, block);
          if (isWhole) progress.plan(loads);
        },
        onFolder: (path) => folder = path,
        onRunStart: (load) => {
          progress.start(load);
          live?.start(load);
        },
        observe: () => live?.observe(),
        onDeployment: (run, status) => {
          progress.deploying(run, status);
          live?.deploying(status);
        },
        onProgress: (load, status) => progress.advance(load, status),
        onRunEnd: (manifest) => {
          progress.endRun(manifest);
          live?.endRun(manifest);
        },
        onNote: (sentence) => progress.say(sentence),
      },
    });
    if (outcome.folder === null) {
      if (options.json) print("stdout", formatJson({ dryRun: true }));
      return 0;
    }
    folder = outcome.folder;
    return await report(outcome.status) ?? (outcome.status === "interrupted" ? 130 : 0);
  } catch (error) {
    progress.say(`Error: ${errorMessage(error)}`);
    if (!(error instanceof LoaderError)) print("stderr", Deno.inspect(error));
    if (folder === null && args.includes("--json")) {
      print("stdout", formatJson(describeFailure(error)));
    }
    const interrupted = error instanceof LoaderError && error.code === "interrupted";
    await report(interrupted ? "interrupted" : "failed");
    return error instanceof LoaderError ? error.exitStatus : 1;
  } finally {
    await live?.close({ status: ended, report: reportPath });
  }
}

/** The page to watch it, where one is wanted and there is something to watch. */
async function openLive<O extends OptionTable>(
  { name, question }: Experiment<O>,
  { live, dryRun, platform }: CommonOptions,
): Promise<LiveView | undefined> {
  if (live === null || dryRun) return undefined;
  // Loaded only now: most runs have none.
  const { LiveView } = await import("../live/live_view.ts");
  const { isVirtual } = traitsOf(platform);
  return await LiveView.open(live, { name, question, platform, isVirtual });
}

async function makeAndPrintReport(
  folder: string,
  status: RunStatus,
  options: CommonOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly html: string; readonly exitStatus: number | null }> {
  const { verdict, runs, html } = await makeReport({ folder, compat: options.compat }, signal);
  const compared = options.ab !== null && hasResult(status)
    // Loaded only where two sides are compared.
    ? await (await import("./compare_ab.ts")).compareAb(folder, options)
    : null;
  if (options.json) {
    print(
      "stdout",
      formatJson({
        folder,
        report: html,
        status,
        verdict: verdict.word,
        runs,
        ...(compared === null ? {} : { comparison: { page: compared.page, ...compared.results } }),
      }),
    );
  } else {
    // Loaded only now, so that the first invocation does not wait for it.
    const { renderResultTable } = await import("../run/result_table.ts");
    print("stdout", renderResultTable(runs));
  }
  const scope = (verdict.isOpen ? " so far" : "") + (status === "finished" ? "" : ` (${status})`);
  printTo(options, `Verdict: ${verdict.word ?? "none"}${scope}`);
  printTo(options, `Report:  ${html}`);
  if (compared === null) return { html, exitStatus: null };
  printTo(options, `\n${compared.text}\nCompare: ${compared.page}`);
  return { html, exitStatus: compared.exitStatus === 0 ? null : compared.exitStatus };
}

/** Words for people: on standard output unless that carries JSON. */
function printTo(options: CommonOptions, text: string): void {
  if (options.json) print("stderr", text);
  else print("stdout", text);
}

/** What an experiment needs of Deno, and why. */
const NEEDED: readonly {
  readonly name: Deno.PermissionName;
  readonly why: string;
  /** Only where invocations are real. */
  readonly isReal?: true;
}[] = [
  { name: "read", why: "the trace and earlier results" },
  { name: "write", why: "the results" },
  { name: "net", why: "the invocations", isReal: true },
  { name: "run", why: "the gateway and the function instances", isReal: true },
  { name: "sys", why: "what machine this is" },
];

/** The permission set of deno.json grants no other address. */
const LOOPBACK = { name: "net", host: "127.0.0.1" };

/**
 * Makes sure of the permissions that an experiment needs: asks for each at a
 * terminal, names the flags elsewhere.
 *
 * @throws LoaderError `usage` when one is not granted
 */
function requirePermissions(script: string, platform: PlatformName): void {
  const atTerminal = Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  const needed = NEEDED.filter(({ isReal }) => !isReal || !traitsOf(platform).isVirtual);
  const missing = needed.filter(({ name, why }) => {
    const descriptor = (name === "net" ? LOOPBACK : { name }) as Deno.PermissionDescriptor;
    const { state } = Deno.permissions.querySync(descriptor);
    if (state === "granted") return false;
    if (state === "denied" || !atTerminal) return true;
    console.error(`${script} needs ${name} access for ${why}.`);
    return Deno.permissions.requestSync(descriptor).state !== "granted";
  });
  if (missing.length === 0) return;
  const flags = missing.map(({ name }) => `--allow-${name}`).join(" ");
  throw new LoaderError(
    "usage",
    `${script} needs ${flags}; run it as "deno run -P experiments/${script}.ts", ` +
      `which grants what deno.json lists, or as "deno task".`,
  );
}
