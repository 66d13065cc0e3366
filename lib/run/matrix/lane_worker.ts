/**
 * Makes lanes of an experiment in a thread of its own; see `lane_jobs.ts`.
 *
 * @module
 */
import { errorMessage, LoaderError } from "../../base/error.ts";
import type { OptionTable } from "../../option/option.ts";
import { clearRunFolder, findCompletedRun } from "../../store/write/experiment_writer.ts";
import { RunWriter } from "../../store/write/run_writer.ts";
import type { CommonOptions } from "../common_options.ts";
import type { Experiment } from "../experiment.ts";
import { ExperimentRuns } from "../experiment_runs.ts";
import type { RunFolders } from "../run_call.ts";
import type { JobAnswer, JobMessage, LaneJob, LaneOutcome, SentError } from "./lane_job.ts";
import { expandMatrix } from "./matrix_cell.ts";
import { planLanes } from "./plan_lanes.ts";

/** What a worker has beside what every module has; the library for pages does not declare it. */
const worker = self as unknown as {
  onmessage: (event: MessageEvent<JobMessage>) => void;
  postMessage(message: JobAnswer): void;
};

const stop = new AbortController();

worker.onmessage = async ({ data }) => {
  if (data.kind === "stop") {
    stop.abort(new LoaderError("interrupted", "Stopped by the user."));
    return;
  }
  try {
    worker.postMessage({ kind: "done", outcome: await makeLane(data.job) });
  } catch (error) {
    worker.postMessage({ kind: "failed", error: describeError(error) });
  }
};

/** The lanes of the cell that was asked for last: reading and sampling a trace takes long. */
let planned:
  | { readonly cell: number; readonly lanes: Awaited<ReturnType<typeof planLanes>> }
  | null = null;

async function makeLane(job: LaneJob): Promise<LaneOutcome> {
  const experiment = await findExperimentOf(job);
  const options = job.options as unknown as CommonOptions;
  if (planned?.cell !== job.cell) {
    const cell = expandMatrix(experiment.options, options)[job.cell];
    planned = { cell: job.cell, lanes: await planLanes(experiment, [cell], stop.signal) };
  }
  const lane = planned.lanes[job.lane];
  const runs = new ExperimentRuns(experiment, options, foldersOf(job), stop.signal, {
    command: job.command,
    listener: {
      onRunEnd: (manifest) => worker.postMessage({ kind: "ended", manifest }),
      onNote: (sentence) => worker.postMessage({ kind: "note", sentence }),
    },
  });
  let status: LaneOutcome["status"];
  try {
    status = await runs.makeAll([lane]);
  } catch (error) {
    if (runs.failed.length === 0) throw error;
    status = "failed";
  }
  return {
    status,
    manifests: runs.manifests,
    failed: runs.failed.map(({ name, error }) => ({ name, error: describeError(error) })),
    turns: runs.turns[0],
    ending: runs.endings[0],
  };
}

async function findExperimentOf({ module, experiment }: LaneJob): Promise<Experiment<OptionTable>> {
  const exported: Record<string, unknown> = await import(module);
  const found = Object.values(exported).find((value) =>
    typeof value === "object" && value !== null && "plan" in value &&
    Object(value).name === experiment
  );
  if (found !== undefined) return found as Experiment<OptionTable>;
  throw new LoaderError(
    "usage",
    `--jobs: the module ${module} does not export the experiment ${experiment}, which each thread ` +
      "needs; export it, or leave --jobs out.",
  );
}

/** Runs are written here; what the experiment's own file has is told. */
function foldersOf({ folder: path, experiment }: LaneJob): RunFolders {
  return {
    path,
    completedRun: (name, content) => findCompletedRun(path, experiment, name, content),
    startRun(manifest, functionIds) {
      const folder = new RunWriter(clearRunFolder(path, manifest.name), manifest, functionIds);
      worker.postMessage({ kind: "run", name: manifest.name });
      return folder;
    },
    keepSchedule: (run, hash) => worker.postMessage({ kind: "schedule", run, hash }),
    keepCell: (cell) => worker.postMessage({ kind: "cell", cell }),
  };
}

function describeError(error: unknown): SentError {
  const isOurs = error instanceof LoaderError;
  return {
    code: isOurs ? error.code : null,
    sentence: isOurs ? errorMessage(error) : Deno.inspect(error),
  };
}
