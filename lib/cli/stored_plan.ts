import { dirname, join, resolve } from "node:path";
import { LoaderError } from "../base/error.ts";
import { parseOptions } from "../option/parse_options.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { planMatrix } from "../run/matrix/plan_matrix.ts";
import type { PlannedRun } from "../run/experiment.ts";
import { readRunManifest } from "../store/read/manifest_reader.ts";
import { findExperiment } from "./find_experiment.ts";

const EXPERIMENTS = new URL("../../experiments/", import.meta.url);

/**
 * Plans a run again that is on disk: its experiment with the command that its manifest
 * has, on the platform that it was made for. The schedule is the same, by its hash.
 *
 * @param folder the run's, with its `manifest.json`
 * @throws LoaderError `input` when there is none, or its schedule cannot be made again
 */
export async function planStoredRun(folder: string): Promise<PlannedRun> {
  const manifest = readRunManifest(folder);
  const file = join(folder, "manifest.json");
  if (manifest === undefined) {
    throw new LoaderError("input", "There is no such file; name the folder of a run.", { file });
  }
  const experiment = await findExperiment(EXPERIMENTS, manifest.experiment);
  const { values } = parseOptions(experiment.name, "", experiment.options, argumentsOf(manifest));
  const { runs, isAdaptive } = await planMatrix(experiment, values as CommonOptions);
  if (isAdaptive) {
    throw new LoaderError(
      "input",
      `The runs of this ${manifest.experiment} follow from one another; save their schedules ` +
        "with --end and --save-schedules, and replay a file.",
      { file },
    );
  }
  for (const run of runs) {
    if (run.name !== manifest.name) continue;
    const hash = await run.schedule.hash();
    if (hash === manifest.scheduleHash) return run;
    throw new LoaderError(
      "input",
      `The schedule of ${run.name} is another one now (${hash}, not ${manifest.scheduleHash}): ` +
        "the trace or the program has changed. A file of --save-schedules would be the same.",
      { file },
    );
  }
  throw new LoaderError(
    "input",
    `The experiment ${manifest.experiment} with the options of ${
      resolve(dirname(file))
    } plans no run of the name ${manifest.name}.`,
    { file },
  );
}

/** What stands behind the name of the experiment in its command. */
function argumentsOf({ command }: { readonly command: readonly string[] }): string[] {
  const first = command.findIndex((word) => word.startsWith("-"));
  return first < 0 ? [] : command.slice(first);
}
