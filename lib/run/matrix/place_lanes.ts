import { fileURLToPath } from "node:url";
import { LoaderError } from "../../base/error.ts";
import { statIfPresent } from "../../base/file.ts";
import type { OptionTable, OptionValues } from "../../option/option.ts";
import { type PlatformName, traitsOf } from "../../platform/registry.ts";
import type { CommonOptions } from "../common_options.ts";
import type { Experiment } from "../experiment.ts";
import type { PlannedLane } from "../experiment_runs.ts";
import type { RunsCall } from "../run_call.ts";
import type { PlacedLane } from "./lane_jobs.ts";

/**
 * Lanes as a thread finds them again, which plans the experiment itself.
 *
 * @param folder the experiment's
 */
export function placeLanes<O extends OptionTable>(
  { name }: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  folder: string,
  { lanes, call }: {
    readonly lanes: readonly PlannedLane<OptionValues<O> & CommonOptions>[];
    readonly call: RunsCall;
  },
): PlacedLane[] {
  const cells = [...new Set(lanes.map(({ cell }) => cell))];
  const module = call.module ?? moduleOf(name);
  return lanes.map((lane) => ({
    cell: lane.cell,
    round: lane.round,
    job: {
      module,
      experiment: name,
      command: call.command ?? [],
      options,
      cell: cells.indexOf(lane.cell),
      lane: lanes.filter(({ cell }) => cell === lane.cell).indexOf(lane),
      folder,
    },
  }));
}

/** Where the project has no experiment of the name, the program itself is one. */
function moduleOf(experiment: string): string {
  const own = new URL(
    `../../../experiments/${experiment.replaceAll("-", "_")}.ts`,
    import.meta.url,
  );
  return statIfPresent(fileURLToPath(own)) === null ? Deno.mainModule : own.href;
}

/**
 * Time that passes is shared: runs beside one another would be in each other's way.
 *
 * @throws LoaderError `usage` where runs are to be made at once on such a platform
 */
export function refuseJobs({ jobs }: CommonOptions, platforms: readonly PlatformName[]): void {
  const real = platforms.find((platform) => !traitsOf(platform).isVirtual);
  if (jobs === 1 || real === undefined) return;
  throw new LoaderError(
    "usage",
    `--jobs ${jobs}: runs on the platform ${real} share its time, so that they would be in each ` +
      "other's way; leave it out.",
    { value: jobs },
  );
}
