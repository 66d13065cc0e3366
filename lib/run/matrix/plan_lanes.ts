import { LoaderError } from "../../base/error.ts";
import { statIfPresent } from "../../base/file.ts";
import { untilAborted } from "../../base/signal.ts";
import type { OptionTable, OptionValues } from "../../option/option.ts";
import type { CommonOptions } from "../common_options.ts";
import { type Experiment, requireParameters } from "../experiment.ts";
import type { PlannedLane } from "../experiment_runs.ts";
import { LoadJudge } from "../load_judge.ts";
import type { PlannedLoad } from "../plan_block.ts";
import { CountLedger, MOST_COUNTED, RunPlanner } from "../run_planner.ts";
import { replayOf } from "../saved_schedules.ts";
import { cutLanes } from "./lane.ts";
import type { MatrixCell } from "./matrix_cell.ts";

/** A lane, with what is known of its runs before the load. */
export interface LookedAtLane<Values> extends PlannedLane<Values> {
  readonly judge: LoadJudge;
  /** Its first runs, once somebody has looked. */
  ahead: readonly PlannedLoad[];
}

/**
 * Plans the runs of all cells, and cuts them into lanes.
 *
 * @param mostCounted invocations that are counted one by one before the first run
 * @throws LoaderError when the experiment cannot be planned with these options
 */
export async function planLanes<O extends OptionTable>(
  experiment: Experiment<O>,
  cells: readonly MatrixCell<OptionValues<O> & CommonOptions>[],
  signal: AbortSignal,
  mostCounted = MOST_COUNTED,
): Promise<LookedAtLane<OptionValues<O> & CommonOptions>[]> {
  const [{ options: { output } }] = cells;
  // What goes on is compared with what was there.
  const ledger = new CountLedger(isBegun(output) ? Infinity : mostCounted);
  const lanes: LookedAtLane<OptionValues<O> & CommonOptions>[] = [];
  for (const cell of cells) {
    const { options } = cell;
    const plan = await untilAborted(signal, experiment.plan(options));
    if (plan.isAdaptive === true) refuseAdaptive(options);
    const judge = new LoadJudge(options);
    const replay = replayOf(experiment, options);
    for (const lane of cutLanes(cell, plan, (options.shard?.count ?? 1) > 1)) {
      const runs = requireParameters(experiment.answer, lane.runs);
      lanes.push({
        ...lane,
        planner: new RunPlanner({ ...lane, runs }, replay, options.shard, signal, ledger),
        judge,
        warningsOf: (load) => judge.warnings([load]),
        ahead: [],
      });
    }
  }
  return lanes;
}

/** Looks at so many of the runs that are planned; `isOpen`: there may be more. */
export async function lookAhead<Values>(
  lanes: readonly LookedAtLane<Values>[],
  most: number,
): Promise<{ readonly ahead: readonly PlannedLoad[]; readonly isOpen: boolean }> {
  const ahead: PlannedLoad[] = [];
  for (const lane of lanes) {
    lane.ahead = ahead.length < most ? [...await lane.planner.ahead(most - ahead.length)] : [];
    ahead.push(...lane.ahead);
  }
  return { ahead, isOpen: lanes.some(({ planner }) => !planner.exhausted) };
}

/** True if an experiment was begun in a folder. */
function isBegun(folder: string | null): boolean {
  return folder !== null && statIfPresent(`${folder}/experiment.json`) !== null;
}

/**
 * What asks for all runs before the first cannot be had where each follows from the one before.
 *
 * @throws LoaderError `usage` when it is asked for
 */
function refuseAdaptive({ shard, saveSchedules, schedules }: CommonOptions): void {
  const asked = shard !== null && shard.count > 1
    ? "--shard"
    : saveSchedules !== null
    ? "--save-schedules"
    : schedules !== null
    ? "--schedules"
    : null;
  if (asked === null) return;
  throw new LoaderError(
    "usage",
    `${asked}: which runs there will be is not known before the load, as each follows from what ` +
      "came of the one before; fix them, as --end does for a ramp.",
  );
}
