import { RUNTIME_LIMITS_MS } from "../model/schedule.ts";
import type { Schedule } from "../model/schedule.ts";
import { formatDuration } from "../option/option.ts";
import type { PlannedLoad } from "./plan_block.ts";

/**
 * A sentence for each load of which calls ask for a longer runtime than they are
 * given: they end at their deadline whatever the platform does, and each is a reset
 * that its server counts.
 *
 * @param timeoutMs after which an invocation is given up
 */
export function expiryWarnings(loads: readonly PlannedLoad[], timeoutMs: number): string[] {
  // No schedule asks for more, so that none need be gone through.
  if (timeoutMs > RUNTIME_LIMITS_MS.maximum) return [];
  return loads.flatMap(({ run, plan, part }) => {
    const expiring = countExpiring(part?.schedule ?? run.schedule, timeoutMs);
    if (expiring === 0) return [];
    const percent = 100 * expiring / plan.invocations;
    return [
      `${run.name}: ${expiring.toLocaleString("en")} of ${plan.invocations.toLocaleString("en")} ` +
      `invocations (${percent < 0.1 ? "less than 0.1" : percent.toFixed(1)} %) ask for a ` +
      `runtime of --timeout, ${formatDuration(timeoutMs)}, or more: they will be given up, and ` +
      "servers may close connections for it.",
    ];
  });
}

function countExpiring(schedule: Schedule, timeoutMs: number): number {
  let expiring = 0;
  for (const { runtimeMs } of schedule.chunks({ reuse: true })) {
    for (let i = 0; i < runtimeMs.length; i++) if (runtimeMs[i] >= timeoutMs) expiring++;
  }
  return expiring;
}
