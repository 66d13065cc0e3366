import { LoopPauses } from "../clock/loop_pauses.ts";
import type {
  ChunkOptions,
  PhaseSpan,
  Schedule,
  ScheduleChunk,
  ScheduleForecast,
  ScheduleStep,
} from "../model/schedule.ts";
import type { FunctionProfile } from "../model/trace.ts";
import type { Plan } from "../store/schema/manifest.ts";
import { chunksAmong, sliceChunk, stepsOf } from "./chunk_slices.ts";
import { PlanCounter } from "./plan.ts";
import { ScheduleHasher } from "./schedule_hash.ts";

/** What only a pass over all of a schedule tells. */
export interface ScheduleFacts {
  readonly plan: Plan;
  readonly hash: string;
}

/**
 * A schedule that is counted and hashed as it is gone through: the first who goes through all of
 * it does so for everyone. A run does, so that a long one need not wait for a pass of its own.
 * What is due is handed out in small parts, each counted just before, so that this takes no longer
 * at once than a call does.
 *
 * @example
 * ```ts
 * import { generateRateStep } from "./pattern_schedule.ts";
 * import { TalliedSchedule } from "./tallied_schedule.ts";
 * const step = generateRateStep({
 *   seed: 42,
 *   ratePerS: 10,
 *   durationMs: 1000,
 *   warmupShare: 0,
 *   functions: 1,
 *   runtimeMs: 10,
 *   memoryMib: 64,
 *   iatDistribution: "exponential",
 * });
 * const schedule = new TalliedSchedule(step);
 * const countFound = () => schedule.facts?.plan.invocations;
 * if (countFound() !== undefined) throw new Error("nobody has looked");
 * for (const _ of schedule.chunks());
 * if (countFound() !== 10) throw new Error("ten in a second");
 * ```
 */
export class TalliedSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #schedule: Schedule;
  #facts: ScheduleFacts | null = null;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.functions = schedule.functions;
    this.durationMs = schedule.durationMs;
    this.phases = schedule.phases;
  }

  /** `null`: nobody has gone through all of it yet. */
  get facts(): ScheduleFacts | null {
    return this.#facts;
  }

  chunks(options?: ChunkOptions): IterableIterator<ScheduleChunk> {
    return chunksAmong(this.steps(options));
  }

  *steps(options?: ChunkOptions): IterableIterator<ScheduleStep> {
    const steps = stepsOf(this.#schedule, options);
    if (this.#facts !== null) {
      for (const step of steps) {
        if (step === null) yield null;
        else yield* sliceChunk(step);
      }
      return;
    }
    const counter = new PlanCounter(this);
    const hasher = new ScheduleHasher(this.functions);
    for (const step of steps) {
      if (step === null) {
        yield null;
        continue;
      }
      for (const slice of sliceChunk(step)) {
        counter.add(slice);
        hasher.add(slice);
        yield slice;
      }
    }
    this.#facts ??= { plan: counter.derive(), hash: hasher.digest() };
  }

  /**
   * Goes through all of it, where nobody has.
   *
   * @throws the signal's reason when it aborts meanwhile
   */
  async find(signal?: AbortSignal): Promise<ScheduleFacts> {
    const pauses = new LoopPauses(signal);
    if (this.#facts === null) {
      for (const _ of this.chunks({ reuse: true })) if (pauses.isDue) await pauses.take();
    }
    return this.#facts!;
  }

  async hash(signal?: AbortSignal): Promise<string> {
    return (await this.find(signal)).hash;
  }

  forecast(): ScheduleForecast | null {
    return this.#schedule.forecast?.() ?? null;
  }
}
