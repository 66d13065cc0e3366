/**
 * What does the platform do under a load that was there before?
 *
 * Replays the schedule of a run (its folder) or of a file that `--save-schedules`
 * wrote: the same invocations at the same instants, checked by their hash, on any
 * platform. `deno task compare` then tells what differs.
 *
 *     deno task exp:replay --from results/monday/runs/functions-12_repetition-0
 *     deno task exp:replay --from schedules/rate-40.schedule --platform knative
 */
import {
  COMMON_OPTIONS,
  type Experiment,
  integerOption,
  LoaderError,
  planStoredRun,
  readScheduleFile,
  runAsScript,
  textOption,
} from "../mod.ts";

const options = {
  from: textOption<string | null>("path", {
    meaning: "folder of a run, or a file of --save-schedules",
    default: null,
  }),
  repetitions: integerOption("number", {
    meaning: "how often",
    default: 1,
    minimum: 1,
    maximum: 10_000,
  }),
  ...COMMON_OPTIONS,
};

export const replay: Experiment<typeof options> = {
  name: "replay",
  question: "What does the platform do under a load that was there before?",
  options,
  examples: [
    "--from results/monday/runs/functions-12_repetition-0",
    "--from schedules/rate-40.schedule --platform knative --repetitions 3",
  ],
  answer: {
    kind: "distribution",
    measure: "slowdown",
    split: { by: "parameter", parameter: "load", against: "the same load each time" },
  },

  async plan({ from, repetitions }) {
    if (from === null) {
      throw new LoaderError("usage", "--from: name the folder of a run, or a schedule file.");
    }
    const isFile = (await Deno.stat(from).catch(() => null))?.isFile ?? false;
    const run = isFile ? await runOfFile(from) : await planStoredRun(from);
    const runs = Array.from({ length: repetitions }, (_, repetition) => ({
      ...run,
      name: `replay_repetition-${repetition}`,
      parameters: { ...run.parameters, load: "replayed", repetition },
      deployment: undefined,
    }));
    return { runs, overloadTolerance: 1 };
  },
};

/** Functions of a file begin without an instance: it does not tell how many there were. */
async function runOfFile(file: string) {
  const schedule = await readScheduleFile(file);
  return {
    parameters: {},
    trace: null,
    schedule,
    initialScales: schedule.functions.map(() => 0),
  };
}

if (import.meta.main) await runAsScript(replay);
