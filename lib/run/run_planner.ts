import { LoaderError } from "../base/error.ts";
import { findNameMistake } from "../base/file.ts";
import type { Schedule } from "../model/schedule.ts";
import { forecastPlan } from "../schedule/forecast.ts";
import { derivePlan } from "../schedule/plan.ts";
import { TalliedSchedule } from "../schedule/tallied_schedule.ts";
import type { PlannedRun, PlannedRuns, RunFeedback } from "./experiment.ts";
import { type Replay, replaySchedule } from "./saved_schedules.ts";
import type { PlannedLoad } from "./plan_block.ts";
import type { Shard } from "./shard/shard.ts";
import { takeShard } from "./shard/shard_schedule.ts";

/** Most runs that are planned ahead; an endless ramp goes on beyond them. */
export const MOST_PLANNED = 50;

/**
 * Invocations that an experiment counts and hashes before its first run, at most a second's work.
 * What there is beyond them is told by the counts of its trace, and counted as it is replayed.
 */
export const MOST_COUNTED = 3_000_000;

/** What the planners of one experiment share: runs may have a schedule in common. */
export class CountLedger {
  /** Invocations that may still be counted ahead. */
  countable: number;
  readonly #tallied = new WeakMap<Schedule, TalliedSchedule>();

  /** @param mostCounted invocations that are counted one by one, where the rest can be told without */
  constructor(mostCounted = Infinity) {
    this.countable = mostCounted;
  }

  tally(schedule: Schedule): TalliedSchedule {
    const tallied = this.#tallied.get(schedule) ?? new TalliedSchedule(schedule);
    this.#tallied.set(schedule, tallied);
    return tallied;
  }
}

/** Hands runs out one by one with what they will do; some are looked at ahead. */
export class RunPlanner {
  /** True if which run comes next depends on what came of the one before. */
  readonly isAdaptive: boolean;
  readonly #runs: Iterator<PlannedRun, unknown, RunFeedback | undefined>;
  readonly #replay: Replay | null;
  readonly #shard: Shard | null;
  readonly #signal: AbortSignal;
  #ahead: PlannedLoad[] = [];
  exhausted = false;
  /** What the plan says once it has ended; `null`: nothing. */
  conclusion: string | null = null;
  readonly #ledger: CountLedger;

  /**
   * `replay`: a folder with schedules to replay, `null`: the runs' own. `shard`:
   * the part of each run that this loader makes, `null`: all of it. `signal`: ends the
   * passes over schedules, which take long where they are long. `ledger`: what it shares with
   * other planners; by default nothing, and all invocations are counted.
   */
  constructor(
    { runs, isAdaptive = false }: { readonly runs: PlannedRuns; readonly isAdaptive?: boolean },
    replay: Replay | null,
    shard: Shard | null,
    signal: AbortSignal,
    ledger = new CountLedger(),
  ) {
    this.#ledger = ledger;
    this.#signal = signal;
    this.isAdaptive = isAdaptive;
    this.#runs = runs[Symbol.iterator]();
    this.#replay = replay;
    this.#shard = shard;
  }

  /** Looks at so many of the runs to come; of an adaptive plan at the first. */
  async ahead(most: number): Promise<readonly PlannedLoad[]> {
    const looked = this.isAdaptive ? 1 : most;
    while (this.#ahead.length < looked && !this.exhausted) {
      const load = await this.#pull();
      if (load !== undefined) this.#ahead.push(load);
    }
    return this.#ahead;
  }

  /** @param feedback what came of the run before, where the plan is adaptive */
  async next(feedback?: RunFeedback): Promise<PlannedLoad | undefined> {
    return this.#ahead.shift() ?? await this.#pull(feedback);
  }

  async #pull(feedback?: RunFeedback): Promise<PlannedLoad | undefined> {
    this.#signal.throwIfAborted();
    const next = this.#runs.next(feedback);
    if (next.done) {
      this.exhausted = true;
      if (typeof next.value === "string") this.conclusion = next.value;
      return undefined;
    }
    const mistake = findNameMistake(next.value.name);
    if (mistake !== null) {
      throw new LoaderError("usage", `A run cannot be named so (${mistake}); give it another.`, {
        value: next.value.name,
      });
    }
    const planned = this.#replay === null
      ? next.value
      : await replaySchedule(next.value, this.#replay, this.#signal);
    const schedule = this.#ledger.tally(planned.schedule);
    const load = await this.#count({ ...planned, schedule }, schedule);
    const { run, plan } = load;
    if (plan.invocations === 0) {
      throw new LoaderError(
        "usage",
        `The run ${run.name} has no invocation; make it longer or raise its rate.`,
      );
    }
    if (this.#shard === null) return load;
    const part = takeShard(schedule, this.#shard);
    return {
      run,
      plan: await derivePlan(part, this.#signal),
      part: { schedule: part, whole: plan },
    };
  }

  /** The names of the runs that are left, of which none is made; empty for an adaptive plan. */
  takeRest(): PlannedRun[] {
    const ahead = this.#ahead.splice(0).map(({ run }) => run);
    if (this.isAdaptive) return ahead;
    const rest: PlannedRun[] = [];
    for (let next = this.#runs.next(); !next.done; next = this.#runs.next()) rest.push(next.value);
    this.exhausted = true;
    return [...ahead, ...rest];
  }

  async #count(run: PlannedRun, schedule: TalliedSchedule): Promise<PlannedLoad> {
    // Loaders of one experiment agree on what is counted, before they start.
    const forecast =
      schedule.facts === null && this.#shard === null && this.#ledger.countable < Infinity
        ? schedule.forecast()
        : null;
    if (forecast !== null && forecast.invocations > this.#ledger.countable) {
      return { run, plan: forecastPlan(schedule, forecast), uncounted: { schedule, forecast } };
    }
    if (schedule.facts === null) this.#ledger.countable -= forecast?.invocations ?? 0;
    return { run, plan: (await schedule.find(this.#signal)).plan };
  }
}
