import { LoopPauses } from "../clock/loop_pauses.ts";
import type { Plan } from "../store/schema/manifest.ts";
import type { Schedule } from "../model/schedule.ts";
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
 * What a schedule will do, by one pass over it: totals, mean and peak rate (the
 * fullest second), the concurrency that Little's law expects, and what was cut to
 * the most that is asked for.
 *
 * @throws the signal's reason when it aborts meanwhile
 */
export async function derivePlan(schedule: Schedule, signal?: AbortSignal): Promise<Plan> {
  const pauses = new LoopPauses(signal);
  let invocations = 0;
  let runtimeSumMs = 0;
  let peakRatePerS = 0;
  let second = -1;
  let inSecond = 0;
  const cuts = new CutCounter(schedule);
  for (const chunk of schedule.chunks({ reuse: true })) {
    cuts.add(chunk);
    const { scheduledMs, runtimeMs } = chunk;
    invocations += scheduledMs.length;
    for (let i = 0; i < scheduledMs.length; i++) {
      runtimeSumMs += runtimeMs[i];
      const at = Math.floor(scheduledMs[i] / 1000);
      inSecond = at === second ? inSecond + 1 : 1;
      second = at;
      if (inSecond > peakRatePerS) peakRatePerS = inSecond;
    }
    if (pauses.isDue) await pauses.take();
  }
  const durationMs = schedule.durationMs;
  const cut = cuts.derive(runtimeSumMs, durationMs);
  return {
    functions: schedule.functions.length,
    invocations,
    durationMs,
    meanRatePerS: invocations / (durationMs / 1000),
    peakRatePerS,
    expectedConcurrency: runtimeSumMs / durationMs,
    meanRequestedRuntimeMs: invocations === 0 ? 0 : runtimeSumMs / invocations,
    ...(cut === null ? {} : { cut }),
  };
}
