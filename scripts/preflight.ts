/**
 * What is to be expected of an experiment, before anything is deployed?
 *
 *     deno task preflight trace-sweep --sizes 6,12
 *
 * Simulates its runs, and says whether this machine and the platform carry them.
 * Exits with 0 if so, with 3 if not, and as an experiment does for mistakes.
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { formatJson } from "../lib/base/json.ts";
import { findExperiment, listExperiments } from "../lib/cli/find_experiment.ts";
import { type Command, listenForInterrupt, print, runCommand } from "../lib/cli/program.ts";
import { isFeasible, preflight } from "../lib/preflight/preflight.ts";
import { parsePreflightOptions } from "../lib/preflight/preflight_options.ts";
import { renderPreflight } from "../lib/preflight/preflight_text.ts";

const EXPERIMENTS = new URL("../experiments/", import.meta.url);

/** Exit status where the experiment does not fit. */
const DOES_NOT_FIT = 3;

function describeUsage(): string {
  return "Usage: preflight <experiment> [its options]  (--help after it lists them); " +
    `the experiments are: ${listExperiments(EXPERIMENTS).join(", ")}.`;
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...options] = args;
  if (name === "--help") {
    print("stdout", describeUsage());
    return 0;
  }
  if (name === undefined || name.startsWith("-")) {
    throw new LoaderError("usage", `Name an experiment first. ${describeUsage()}`);
  }
  const experiment = await findExperiment(EXPERIMENTS, name);
  const { values, help } = parsePreflightOptions(experiment, options);
  if (help !== null) {
    print("stdout", help);
    return 0;
  }
  using interrupt = listenForInterrupt(() => print("stderr", "Stopping."));
  const result = await preflight(experiment, values, interrupt.signal);
  print("stdout", values.json ? formatJson(result) : renderPreflight(result));
  return isFeasible(result) ? 0 : DOES_NOT_FIT;
}

export const command: Command = {
  name: "preflight",
  summary: "What is to be expected of an experiment, before anything is deployed?",
  run,
};

if (import.meta.main) await runCommand(command);
