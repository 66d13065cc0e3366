import { LoaderError } from "../base/error.ts";
import { findNameMistake } from "../base/file.ts";
import { derivePlan } from "../schedule/plan.ts";
import type { PlannedRun } from "./experiment.ts";
import { type Replay, replaySchedule } from "./saved_schedules.ts";
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
      : await replaySchedule(next.value, this.#replay, this.#signal);
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
}
