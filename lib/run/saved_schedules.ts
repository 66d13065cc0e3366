import { join } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { statIfPresent } from "../base/file.ts";
import { formatJson } from "../base/json.ts";
import type { Schedule } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import {
  readScheduleFile,
  type ScheduleOrigin,
  writeScheduleFile,
} from "../schedule/schedule_file.ts";
import { COMMON_OPTIONS, type CommonOptions } from "./common_options.ts";
import type { Experiment, PlannedRun } from "./experiment.ts";
import { byBareName, flagOf, type OptionTable, type OptionValues } from "../option/option.ts";
import type { PlannedLoad } from "./plan_block.ts";

/** Options of every experiment that its schedules follow; the rest is about platform and results. */
const SHAPING: ReadonlySet<string> = new Set(["seed", "iat"]);

/** Where a trace lies may differ; what it holds is told by its hash. */
const PLACES: ReadonlySet<string> = new Set(["trace"]);

/** What decides on the schedules of an experiment, by name. */
export interface ScheduleOptions {
  readonly experiment: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The options that the schedules of an experiment follow, with their values. */
export function scheduleOptionsOf<O extends OptionTable>(
  { name, options: table }: Pick<Experiment<O>, "name" | "options">,
  values: OptionValues<O> & CommonOptions,
): ScheduleOptions {
  const shaping = Object.entries(values).filter(([option]) =>
    option in COMMON_OPTIONS
      ? SHAPING.has(option)
      : table[option]?.shapesSchedule ?? option in table
  );
  return { experiment: name, options: byBareName(table, Object.fromEntries(shaping)) };
}

/** Where the schedule of a run comes from, for its file. */
export function scheduleOriginOf(
  { experiment, options }: ScheduleOptions,
  { trace }: Pick<PlannedRun, "trace">,
): ScheduleOrigin {
  return {
    experiment,
    options,
    trace: trace === null ? null : { name: trace.name, hash: trace.hash },
  };
}

/**
 * What differs between where a schedule comes from and what is asked for, as
 * phrases with both values; empty: nothing that is known.
 */
export function describeOtherOrigin(saved: ScheduleOrigin, asked: ScheduleOrigin): string[] {
  if (saved.experiment !== asked.experiment) {
    return [`the experiment was ${saved.experiment} and is ${asked.experiment}`];
  }
  const names = new Set([...Object.keys(saved.options), ...Object.keys(asked.options)]);
  const differing = [...names].filter((name) =>
    !PLACES.has(name) && show(saved.options[name]) !== show(asked.options[name])
  ).map((name) =>
    `${flagOf(name)} was ${show(saved.options[name])} and is ${show(asked.options[name])}`
  );
  if (saved.trace?.hash !== asked.trace?.hash) {
    differing.push(
      `the trace was ${showTrace(saved.trace)} and is ${showTrace(asked.trace)}`,
    );
  }
  return differing;
}

function show(value: unknown): string {
  return value === undefined || value === null ? "not given" : formatJson(value, 0);
}

function showTrace(trace: ScheduleOrigin["trace"]): string {
  return trace === null ? "none" : `${trace.name} (SHA-256 ${trace.hash})`;
}

/**
 * Writes the schedules of runs to a folder; those that are there already stay.
 *
 * @throws LoaderError `usage` when another one is there, or none can be written
 */
export async function saveSchedules(
  folder: string,
  loads: readonly PlannedLoad[],
  options: ScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const { run } of loads) {
      const file = scheduleFileOf(folder, run);
      // The same command goes on with what it has saved before.
      if (await isSaved(run.schedule, file, signal)) continue;
      await writeScheduleFile(run.schedule, file, signal, scheduleOriginOf(options, run));
    }
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause;
    throw new LoaderError(
      "usage",
      `The schedules cannot be saved here (${errorMessage(cause)}); name another folder.`,
      { file: folder, cause },
    );
  }
}

/**
 * True if this very schedule is in the file already.
 *
 * @throws LoaderError `usage` when another one is
 */
async function isSaved(schedule: Schedule, file: string, signal: AbortSignal): Promise<boolean> {
  if (statIfPresent(file) === null) return false;
  const saved = await (await readScheduleFile(file, signal)).hash();
  const made = await schedule.hash(signal);
  if (saved === made) return true;
  throw new LoaderError(
    "usage",
    `The file exists already and holds another schedule (${saved}, not ${made}); name another ` +
      "folder with --save-schedules or remove it.",
    { file },
  );
}

/** Schedules to replay instead of those that the options make. */
export interface Replay {
  readonly folder: string;
  /** What the experiment is made with. */
  readonly options: ScheduleOptions;
}

/** The schedules that the options of an experiment say are to be replayed; `null`: none. */
export function replayOf<O extends OptionTable>(
  experiment: Pick<Experiment<O>, "name" | "options">,
  options: OptionValues<O> & CommonOptions,
): Replay | null {
  const { schedules } = options;
  if (schedules === null) return null;
  return { folder: schedules, options: scheduleOptionsOf(experiment, options) };
}

/**
 * The run with the schedule of a file: the one that its options make, or what another
 * version made of the same options.
 *
 * @throws LoaderError `usage` or `input` when it is another one
 */
export async function replaySchedule(
  run: PlannedRun,
  { folder, options }: Replay,
  signal: AbortSignal,
): Promise<PlannedRun> {
  const file = scheduleFileOf(folder, run);
  const schedule = await readScheduleFile(file, signal);
  const [saved, made] = [await schedule.hash(), await run.schedule.hash(signal)];
  const [shape, asked] = [schedule, run.schedule].map(describeShape);
  if (saved === made && shape === asked) return { ...run, schedule };
  const others = schedule.origin === null
    ? []
    : describeOtherOrigin(schedule.origin, scheduleOriginOf(options, run));
  if (others.length > 0) {
    throw new LoaderError(
      "usage",
      `The schedule was made with other options: ${others.join("; ")}. Give those that it ` +
        "was made with, or leave --schedules out.",
      { file },
    );
  }
  const expected = run.schedule.functions.map(functionKey);
  const found = schedule.functions.map(functionKey);
  const differing = expected.findIndex((key, index) => key !== found[index]);
  if (differing >= 0 || found.length !== expected.length) {
    throw new LoaderError(
      "input",
      `The schedule has ${found.length} functions, and not those of the run ${run.name} ` +
        `(${expected.length}); give the options that it was made with.`,
      { file },
    );
  }
  if (shape !== asked) {
    throw new LoaderError(
      "usage",
      `The schedule has ${shape}, and the options of the run ${run.name} ask for ${asked}; give ` +
        "those that it was made with.",
      { file },
    );
  }
  if (schedule.origin === null) {
    throw new LoaderError(
      "usage",
      `The schedule (${saved}) is not the one that the options of the run ${run.name} make ` +
        `(${made}), and its file does not tell which options it was made with; give those, or ` +
        "save it again with --save-schedules.",
      { file },
    );
  }
  const note = `The schedule of ${run.name} is the saved one (${saved}); this version makes ` +
    `another of the same options (${made}).`;
  return { ...run, schedule, notes: [...run.notes ?? [], note] };
}

/** How long a schedule is, and what of it is measured. */
function describeShape({ durationMs, phases }: Schedule): string {
  const parts = phases.map(({ fromMs, phase }) => `${phase} from ${fromMs} ms`);
  return `${durationMs} ms (${parts.join(", ")})`;
}

/** Where the schedule of a run is in a folder of schedules. */
function scheduleFileOf(folder: string, run: PlannedRun): string {
  return join(folder, `${run.name}.schedule`);
}
