import { errorMessage, LoaderError } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import type { RunManifest, RunStatus } from "../model/manifest.ts";
import type { CommonOptions } from "./common_options.ts";
import type { Experiment } from "./experiment.ts";
import { listenForInterrupt } from "./interrupt.ts";
import type { OptionTable, OptionValues } from "./option.ts";
import { parseOptions } from "./parse_options.ts";
import { requirePermissions } from "./permissions.ts";
import { print } from "./print.ts";
import { type ExperimentOutcome, runExperiment } from "./run_experiment.ts";
import { TerminalProgress } from "./terminal_progress.ts";

/**
 * The main program of an experiment script: parses the options, makes the
 * experiment, shows how it goes on, writes the report, and exits with 0, with 2
 * for a mistake of the user's, 130 when stopped, 1 for a failure.
 */
export async function runAsScript<O extends OptionTable>(experiment: Experiment<O>): Promise<void> {
  Deno.exit(await runScript(experiment));
}

async function runScript<O extends OptionTable>(experiment: Experiment<O>): Promise<number> {
  const progress = new TerminalProgress();
  let options: (OptionValues<O> & CommonOptions) | undefined;
  using interrupt = listenForInterrupt(() =>
    progress.say(
      "Stopping: what is out is cancelled, what is there is reported. Again: end at once" +
        // Processes end with the program; what is on a cluster does not.
        (options?.platform === "knative"
          ? ", and leave what is deployed to deno task clean."
          : "."),
    )
  );
  let folder: string | null = null;
  try {
    const parsed = parseOptions(
      experiment.name,
      experiment.question,
      experiment.options,
      Deno.args,
    );
    if (parsed.help !== null) {
      print("stdout", parsed.help);
      return 0;
    }
    options = parsed.values as OptionValues<O> & CommonOptions;
    requirePermissions(experiment.name.replaceAll("-", "_"), options.platform);
    await progress.open();
    const outcome = await runExperiment(experiment, options, {
      command: ["deno", "task", `exp:${experiment.name}`, ...Deno.args],
      signal: interrupt.signal,
      listener: {
        onPlan: (block) => printTo(options!, block),
        onFolder: (path) => folder = path,
        onRunStart: (load) => progress.start(load),
        onDeployment: (run, status) => progress.deploying(run, status),
        onProgress: (load, status) => progress.advance(load, status),
        onRunEnd: (manifest) => progress.say(describeRun(manifest)),
        onNote: (sentence) => progress.say(sentence),
      },
    });
    await reportOutcome(outcome, options);
    return outcome.status === "interrupted" ? 130 : 0;
  } catch (error) {
    progress.say(`Error: ${errorMessage(error)}`);
    if (!(error instanceof LoaderError)) print("stderr", Deno.inspect(error));
    const interrupted = error instanceof LoaderError && error.code === "interrupted";
    await reportWhatIsThere(folder, interrupted ? "interrupted" : "failed", options);
    return error instanceof LoaderError ? error.exitStatus : 1;
  }
}

function describeRun(manifest: RunManifest): string {
  const verdict = manifest.verdict;
  if (verdict === null) return `${manifest.name}: ${manifest.status}`;
  const reasons = verdict.reasons.length === 0 ? "" : ` (${verdict.reasons.join(" ")})`;
  return `${manifest.name}: ${manifest.status}, ${verdict.verdict}${reasons}`;
}

async function reportOutcome(outcome: ExperimentOutcome, options: CommonOptions): Promise<void> {
  if (outcome.folder === null) {
    if (options.json) print("stdout", formatJson({ dryRun: true }));
    return;
  }
  await report(outcome.folder, outcome.status, options);
}

/** After an error: what was measured so far, if anything was. */
async function reportWhatIsThere(
  folder: string | null,
  status: RunStatus,
  options: CommonOptions | undefined,
): Promise<void> {
  if (folder === null || options === undefined) return;
  try {
    await report(folder, status, options);
  } catch (error) {
    print("stderr", `The results are in ${folder}, but no report: ${errorMessage(error)}`);
  }
}

async function report(folder: string, status: RunStatus, options: CommonOptions): Promise<void> {
  // Loaded only now, so that the first invocation does not wait for the plotting library.
  const [{ renderReport }, { readExperimentResult, renderResultTable }] = await Promise.all([
    import("../report/report.ts"),
    import("./result_table.ts"),
  ]);
  const { verdict, runs } = await readExperimentResult(folder);
  if (options.compat) {
    const { writeAncestorTables } = await import("./ancestor_tables.ts");
    await writeAncestorTables(folder);
  }
  const { html } = await renderReport(folder);
  if (options.json) {
    print(
      "stdout",
      formatJson({ folder, report: html, status, verdict: verdict.word, runs }),
    );
  } else {
    print("stdout", renderResultTable(runs));
  }
  const scope = (verdict.isOpen ? " so far" : "") + (status === "finished" ? "" : ` (${status})`);
  printTo(options, `Verdict: ${verdict.word ?? "none"}${scope}`);
  printTo(options, `Report:  ${html}`);
}

/** Words for people: on standard output unless that carries JSON. */
function printTo(options: CommonOptions, text: string): void {
  if (options.json) print("stderr", text);
  else print("stdout", text);
}
