import { join } from "node:path";
import { LoaderError } from "../base/error.ts";
import { findNameMistake } from "../base/plain_name.ts";
import { derivePlan } from "../generate/plan.ts";
import { readScheduleFile } from "../generate/schedule_file.ts";
import { functionKey } from "../model/trace.ts";
import type { PlannedRun } from "./experiment.ts";
import type { PlannedLoad } from "./plan_block.ts";
import type { Shard } from "./shard.ts";
import { takeShard } from "./shard_schedule.ts";

/** Most runs that are planned ahead; an endless ramp goes on beyond them. */
export const MOST_PLANNED = 50;

/** Hands runs out one by one with what they will do; some are looked at ahead. */
export class RunPlanner {
  readonly #runs: Iterator<PlannedRun>;
  readonly #schedules: string | null;
  readonly #shard: Shard | null;
  readonly #signal: AbortSignal;
  #ahead: PlannedLoad[] = [];
  exhausted = false;

  /**
   * `schedules`: a folder with files to replay, `null`: the runs' own. `shard`:
   * the part of each run that this loader makes, `null`: all of it. `signal`: ends the
   * passes over schedules, which take long where they are long.
   */
  constructor(
    runs: Iterable<PlannedRun>,
    schedules: string | null,
    shard: Shard | null,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#runs = runs[Symbol.iterator]();
    this.#schedules = schedules;
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
    const run = this.#schedules === null
      ? next.value
      : await this.#replaySchedule(next.value, scheduleFileOf(this.#schedules, next.value));
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

  /** The run with the schedule of a file, which must be of the same functions. */
  async #replaySchedule(run: PlannedRun, file: string): Promise<PlannedRun> {
    const schedule = await readScheduleFile(file, this.#signal);
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
    return { ...run, schedule };
  }
}

/** Where the schedule of a run is in a folder of schedules. */
export function scheduleFileOf(folder: string, run: PlannedRun): string {
  return join(folder, `${run.name}.schedule`);
}
