import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { neverAborted } from "../base/signal.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { RunManifest, RunStatus } from "../store/schema/manifest.ts";
import { ExperimentWriter } from "../store/write/experiment_writer.ts";
import { writeSchemaFiles } from "../store/write/schema_files.ts";
import { traitsOf } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";
import { createPlatformFromOptions } from "./create_platform.ts";
import { createExperimentManifest } from "./created_manifests.ts";
import type { Experiment } from "./experiment.ts";
import { ExperimentRuns } from "./experiment_runs.ts";
import type { ExperimentListener, RunsCall } from "./run_call.ts";
import { checkMatrixOptions } from "./matrix/matrix_options.ts";
import { expandMatrix } from "./matrix/matrix_cell.ts";
import { type MadeLanes, makeInThreads } from "./matrix/lane_jobs.ts";
import { placeLanes, refuseJobs } from "./matrix/place_lanes.ts";
import { lookAhead, type LookedAtLane, planLanes } from "./matrix/plan_lanes.ts";
import { renderPlan } from "./plan_block.ts";
import { MOST_PLANNED } from "./run_planner.ts";
import { saveSchedules, scheduleOptionsOf } from "./saved_schedules.ts";
import { checkShardOptions } from "./shard/shard_options.ts";
import { noteTracing } from "./traced_runs.ts";

/** What an experiment came to. */
export interface ExperimentOutcome {
  /** `null` after a dry run. */
  readonly folder: string | null;
  readonly status: RunStatus;
  /** Manifests of the runs that were made or that a resumed experiment already had. */
  readonly runs: readonly RunManifest[];
}

/**
 * Makes the runs of an experiment, one after the other, and leaves everything in
 * its folder; the report is another matter. An experiment that finds its folder
 * unfinished makes the runs that are missing.
 *
 * @throws LoaderError when a run cannot be made; what was measured is kept
 */
export async function makeRuns<O extends OptionTable>(
  experiment: Experiment<O>,
  options: OptionValues<O> & CommonOptions,
  call: RunsCall = {},
): Promise<ExperimentOutcome> {
  const signal = call.signal ?? neverAborted();
  const listener = call.listener ?? {};
  checkShardOptions(options);
  checkMatrixOptions(options);
  const cells = expandMatrix(experiment.options, options);
  // Made and let go: their options are checked before anything else happens.
  for (const cell of cells) {
    await (await createPlatformFromOptions(cell.options))[Symbol.asyncDispose]();
  }
  refuseJobs(options, cells.map((cell) => cell.options.platform));
  const lanes = await planLanes(experiment, cells, signal, call.mostCounted);
  const { ahead, isOpen } = await lookAhead(lanes, MOST_PLANNED);
  if (ahead.length === 0) {
    throw new LoaderError("usage", "The options leave no run to make; --dry-run shows the plan.");
  }
  const warnings = [...new Set(lanes.flatMap(({ ahead, judge }) => judge.warnings(ahead)))];
  listener.onPlan?.(
    renderPlan(ahead, warnings, {
      endless: isOpen,
      isVirtual: cells.every((cell) => traitsOf(cell.options.platform).isVirtual),
    }),
    ahead,
    !isOpen,
  );
  for (const { judge, ahead } of lanes) judge.refuseBeyondLimits(ahead);
  await noteTracing(options, (sentence) => listener.onNote?.(sentence));
  if (options.saveSchedules !== null) {
    const scheduleOptions = scheduleOptionsOf(experiment, options);
    await saveSchedules(options.saveSchedules, ahead, scheduleOptions, signal);
  }
  if (options.dryRun) return { folder: null, status: "finished", runs: [] };

  const folder = ExperimentWriter.open(
    options.output ?? `results/${experiment.name}_${timestamp()}`,
    await createExperimentManifest(experiment, options, call.command ?? [], ahead, signal),
  );
  listener.onFolder?.(folder.path);
  for (const note of folder.openingNotes) listener.onNote?.(note);
  if (warnings.length > 0) {
    folder.update({ notes: [...new Set([...folder.manifest.notes, ...warnings])] });
  }
  let made: MadeLanes = { status: "failed", manifests: [] };
  try {
    made = options.jobs > 1
      ? await makeInThreads({
        lanes: placeLanes(experiment, options, folder.path, { lanes, call }),
        count: options.jobs,
        seed: options.seed,
        folder,
        listener,
        signal,
      })
      : await makeOneByOne(new ExperimentRuns(experiment, options, folder, signal, call), lanes);
    folder.update({ status: made.status, endedAt: wallClockDate().toISOString() });
  } catch (error) {
    const interrupted = error instanceof LoaderError && error.code === "interrupted";
    folder.update({
      status: interrupted ? "interrupted" : "failed",
      error: errorMessage(error),
      endedAt: wallClockDate().toISOString(),
    });
    throw error;
  } finally {
    await writeSchemas(folder, listener);
  }
  return { folder: folder.path, status: made.status, runs: made.manifests };
}

async function makeOneByOne<O extends OptionTable>(
  runs: ExperimentRuns<O>,
  lanes: readonly LookedAtLane<OptionValues<O> & CommonOptions>[],
): Promise<MadeLanes> {
  return { status: await runs.makeAll(lanes), manifests: runs.manifests };
}

/** What other programs read the tables by; without it they can still be read. */
async function writeSchemas(
  { path }: ExperimentWriter,
  { onNote }: ExperimentListener,
): Promise<void> {
  try {
    await writeSchemaFiles(path);
  } catch (error) {
    onNote?.(errorMessage(error));
  }
}

/** Local time of day, fit for the name of a folder. */
function timestamp(): string {
  const now = wallClockDate();
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}T${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
}
