import { traitsOf } from "../platform/registry.ts";
import type { CommonOptions } from "../run/common_options.ts";
import type { Experiment } from "../run/experiment.ts";
import type { ExperimentCall } from "../run/run_call.ts";
import { type ExperimentOutcome, makeRuns } from "../run/make_runs.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";

/**
 * Makes the runs of an experiment, one after the other, and leaves everything in
 * its folder, twins included where the options ask for them; the report is another
 * matter. An experiment that finds its folder unfinished makes the runs that are missing.
 *
 * @throws LoaderError when a run cannot be made; what was measured is kept
 */
export async function runExperiment<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  call: ExperimentCall = {},
): Promise<ExperimentOutcome> {
  if (!options.twin) return await makeRuns(experiment, options, call);
  return await makeRuns(experiment, options, {
    ...call,
    async afterDeployment(runs, signal) {
      // Loaded only now, so that the first invocation does not wait for it.
      const { makeTwins } = await import("../twin/twin.ts");
      // A run may be simulated itself.
      const real = runs.filter(({ options }) => traitsOf(options.platform).hasTwins);
      if (real.length > 0) await makeTwins(real, signal);
    },
  });
}
