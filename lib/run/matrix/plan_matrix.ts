import type { OptionTable, OptionValues } from "../../option/option.ts";
import type { CommonOptions } from "../common_options.ts";
import type { Experiment, ExperimentPlan, PlannedRun, RunFeedback } from "../experiment.ts";
import { cutLanes, type Lane } from "./lane.ts";
import { expandMatrix } from "./matrix_cell.ts";

/**
 * Plans all runs of an experiment, those of one combination of what is varied behind those of
 * another: for whoever looks at them without making them.
 *
 * @throws LoaderError when the experiment cannot be planned with these options
 */
export async function planMatrix<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
): Promise<ExperimentPlan> {
  const cells = expandMatrix(experiment.options, options);
  if (cells.length === 1) return await experiment.plan(options);
  const lanes: Lane<unknown>[] = [];
  for (const cell of cells) {
    lanes.push(...cutLanes(cell, await experiment.plan(cell.options), true));
  }
  return {
    runs: joinRuns(lanes),
    isAdaptive: lanes.some(({ isAdaptive }) => isAdaptive),
    // What overloads one combination says nothing of the next.
    overloadTolerance: Infinity,
  };
}

function* joinRuns(
  lanes: readonly Lane<unknown>[],
): Generator<PlannedRun, void, RunFeedback | undefined> {
  for (const { runs } of lanes) {
    yield* runs as Iterable<PlannedRun, void, RunFeedback | undefined>;
  }
}
