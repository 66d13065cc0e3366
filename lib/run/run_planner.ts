import { join } from "node:path";
import { LoaderError } from "../base/error.ts";
import { findNameMistake } from "../base/file.ts";
import { derivePlan } from "../schedule/plan.ts";
import { readScheduleFile } from "../schedule/schedule_file.ts";
import type { Schedule } from "../model/schedule.ts";
import { functionKey } from "../model/trace.ts";
import type { CommonOptions } from "./common_options.ts";
import type { Experiment, PlannedRun } from "./experiment.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import {
  describeOtherOrigin,
  type ScheduleOptions,
  scheduleOptionsOf,
  scheduleOriginOf,
} from "./schedule_origin.ts";
import type { PlannedLoad } from "./plan_block.ts";
import type { Shard } from "./shard/shard.ts";
import { takeShard } from "./shard/shard_schedule.ts";

/** Most runs that are planned ahead; an endless ramp goes on beyond them. */
export const MOST_PLANNED = 50;

/** Hands runs out one by one with what they will do; some are looked at ahead. */
export class RunPlanner {
  readonly #runs: Iterator<PlannedRun>;
  readonly #replay: Replay | null;
  readonly #shard: Shard | null;
  readonly #signal: AbortSignal;
  #ahead: PlannedLoad[] = [];
  exhausted = false;

  /**
   * `replay`: a folder with schedules to replay, `null`: the runs' own. `shard`:
   * the part of each run that this loader makes, `null`: all of it. `signal`: ends the
   * passes over schedules, which take long where they are long.
   */
  constructor(
    runs: Iterable<PlannedRun>,
    replay: Replay | null,
    shard: Shard | null,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#runs = runs[Symbol.iterator]();
    this.#replay = replay;
    this.#shard = shard;
  }

  async ahead(most: number): Promise<readonly PlannedLoad[]> {
    while (this.#ahead.length < most && !this.exhausted) {
      const load = await this.#pull();
      if (load !== undefined) this.#ahead.push(load);
    }
    return this.#ahead;
  }

  async next(): Promise<PlannedLoad | undefined> {
    return this.#ahead.shift() ?? await this.#pull();
  }

  async #pull(): Promise<PlannedLoad | undefined> {
    this.#signal.throwIfAborted();
    const next = this.#runs.next();
    if (next.done) {
      this.exhausted = true;
      return undefined;
    }
    const mistake = findNameMistake(next.value.name);
    if (mistake !== null) {
      throw new LoaderError("usage", `A run cannot be named so (${mistake}); give it another.`, {
        value: next.value.name,
      });
    }
    const run = this.#replay === null
      ? next.value
      : await this.#replaySchedule(next.value, this.#replay);
    const plan = await derivePlan(run.schedule, this.#signal);
    if (plan.invocations === 0) {
      throw new LoaderError(
        "usage",
        `The run ${run.name} has no invocation; make it longer or raise its rate.`,
      );
    }
    if (this.#shard === null) return { run, plan };
    const schedule = takeShard(run.schedule, this.#shard);
    return { run, plan: await derivePlan(schedule, this.#signal), part: { schedule, whole: plan } };
  }

  /**
   * The run with the schedule of a file: the one that its options make, or what another
   * version made of the same options.
   */
  async #replaySchedule(run: PlannedRun, { folder, options }: Replay): Promise<PlannedRun> {
    const file = scheduleFileOf(folder, run);
    const schedule = await readScheduleFile(file, this.#signal);
    const [saved, made] = [await schedule.hash(), await run.schedule.hash(this.#signal)];
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
}

/** How long a schedule is, and what of it is measured. */
function describeShape({ durationMs, phases }: Schedule): string {
  const parts = phases.map(({ fromMs, phase }) => `${phase} from ${fromMs} ms`);
  return `${durationMs} ms (${parts.join(", ")})`;
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

/** Where the schedule of a run is in a folder of schedules. */
export function scheduleFileOf(folder: string, run: PlannedRun): string {
  return join(folder, `${run.name}.schedule`);
}
