import { wallClockDate } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { statIfPresent } from "../base/file.ts";
import { neverAborted, untilAborted } from "../base/signal.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { RunManifest, RunStatus } from "../store/schema/manifest.ts";
import { ExperimentWriter } from "../store/write/experiment_writer.ts";
import { writeSchemaFiles } from "../store/write/schema_files.ts";
import { traitsOf } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";
import { createPlatformFromOptions } from "./create_platform.ts";
import { createExperimentManifest } from "./created_manifests.ts";
import { type Experiment, requireParameters } from "./experiment.ts";
import { type ExperimentListener, ExperimentRuns, type RunsCall } from "./experiment_runs.ts";
import { LoadJudge } from "./load_judge.ts";
import { renderPlan } from "./plan_block.ts";
import { MOST_COUNTED, MOST_PLANNED, RunPlanner } from "./run_planner.ts";
import { replayOf, saveSchedules, scheduleOptionsOf } from "./saved_schedules.ts";
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
  // Made and let go: its options are checked before anything else happens.
  await (await createPlatformFromOptions(options))[Symbol.asyncDispose]();
  const { runs, isAdaptive, overloadTolerance } = await untilAborted(
    signal,
    experiment.plan(options),
  );
  if (isAdaptive) refuseAdaptive(options);
  const planner = new RunPlanner(
    { runs: requireParameters(experiment.answer, runs), isAdaptive },
    replayOf(experiment, options),
    options.shard,
    signal,
    // What goes on is compared with what was there.
    isBegun(options.output) ? Infinity : call.mostCounted ?? MOST_COUNTED,
  );
  const ahead = await planner.ahead(MOST_PLANNED);
  if (ahead.length === 0) {
    throw new LoaderError("usage", "The options leave no run to make; --dry-run shows the plan.");
  }
  const judge = new LoadJudge(options);
  const warnings = judge.warnings(ahead);
  listener.onPlan?.(
    renderPlan(ahead, warnings, {
      endless: !planner.exhausted,
      isVirtual: traitsOf(options.platform).isVirtual,
    }),
    ahead,
  );
  judge.refuseBeyondLimits(ahead);
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
  const made = new ExperimentRuns(experiment, options, folder, judge, signal, call);
  if (warnings.length > 0) {
    folder.update({ notes: [...new Set([...folder.manifest.notes, ...warnings])] });
  }
  let status: RunStatus = "failed";
  try {
    status = await made.makeAll(planner, overloadTolerance);
    folder.update({ status, endedAt: wallClockDate().toISOString() });
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
  return { folder: folder.path, status, runs: made.manifests };
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

/** Local time of day, fit for the name of a folder. */
function timestamp(): string {
  const now = wallClockDate();
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}T${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
}
