import { LoopPauses } from "../clock/loop_pauses.ts";
import type { Plan } from "../store/schema/manifest.ts";
import type { Schedule, ScheduleChunk } from "../model/schedule.ts";
import { CutCounter } from "./cut_requests.ts";

/**
 * True if a schedule has more invocations than so many; no more of it is made than that needs.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function holdsMoreThan(
  most: number,
  schedule: Schedule,
  signal?: AbortSignal,
): Promise<boolean> {
  const pauses = new LoopPauses(signal);
  let invocations = 0;
  for (const { scheduledMs } of schedule.chunks({ reuse: true })) {
    invocations += scheduledMs.length;
    if (invocations > most) return true;
    if (pauses.isDue) await pauses.take();
  }
  return false;
}

/**
 * Counts what a schedule does, as it is gone through: totals, mean and peak rate (the
 * fullest second), the concurrency that Little's law expects, and what was cut to
 * the most that is asked for.
 */
export class PlanCounter {
  readonly #schedule: Pick<Schedule, "functions" | "durationMs">;
  readonly #cuts: CutCounter;
  #invocations = 0;
  #runtimeSumMs = 0;
  #peakRatePerS = 0;
  #second = -1;
  #inSecond = 0;

  constructor(schedule: Pick<Schedule, "functions" | "durationMs">) {
    this.#schedule = schedule;
    this.#cuts = new CutCounter(schedule);
  }

  /** Takes in the next rows. */
  add(chunk: ScheduleChunk): void {
    this.#cuts.add(chunk);
    const { scheduledMs, runtimeMs } = chunk;
    let [runtimeSumMs, second, inSecond, peak] = [0, this.#second, this.#inSecond, 0];
    for (let i = 0; i < scheduledMs.length; i++) {
      runtimeSumMs += runtimeMs[i];
      const at = Math.floor(scheduledMs[i] / 1000);
      inSecond = at === second ? inSecond + 1 : 1;
      second = at;
      if (inSecond > peak) peak = inSecond;
    }
    this.#invocations += scheduledMs.length;
    // Whole numbers: they add up alike, however they are grouped.
    this.#runtimeSumMs += runtimeSumMs;
    this.#second = second;
    this.#inSecond = inSecond;
    if (peak > this.#peakRatePerS) this.#peakRatePerS = peak;
  }

  /** What it came to. */
  derive(): Plan {
    const { functions, durationMs } = this.#schedule;
    const invocations = this.#invocations;
    const runtimeSumMs = this.#runtimeSumMs;
    const cut = this.#cuts.derive(runtimeSumMs, durationMs);
    return {
      functions: functions.length,
      invocations,
      durationMs,
      meanRatePerS: invocations / (durationMs / 1000),
      peakRatePerS: this.#peakRatePerS,
      expectedConcurrency: runtimeSumMs / durationMs,
      meanRequestedRuntimeMs: invocations === 0 ? 0 : runtimeSumMs / invocations,
      ...(cut === null ? {} : { cut }),
    };
  }
}

/**
 * What a schedule will do, by one pass over it, as {@linkcode PlanCounter} counts it.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function derivePlan(schedule: Schedule, signal?: AbortSignal): Promise<Plan> {
  const pauses = new LoopPauses(signal);
  const counter = new PlanCounter(schedule);
  for (const chunk of schedule.chunks({ reuse: true })) {
    counter.add(chunk);
    if (pauses.isDue) await pauses.take();
  }
  return counter.derive();
}
