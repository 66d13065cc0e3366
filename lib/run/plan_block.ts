import type { Plan } from "../store/schema/manifest.ts";
import {
  MEMORY_LIMITS_MIB,
  RUNTIME_LIMITS_MS,
  type Schedule,
  type ScheduleForecast,
} from "../model/schedule.ts";
import type { TalliedSchedule } from "../schedule/tallied_schedule.ts";
import type { PlannedRun } from "./experiment.ts";
import { formatDuration } from "../option/option.ts";

/** A run with what it will do. */
export interface PlannedLoad {
  readonly run: PlannedRun;
  /** What this loader will do. */
  readonly plan: Plan;
  /** Where the plan is a forecast: what it is of, which will be counted as the run goes through it. */
  readonly uncounted?: { readonly schedule: TalliedSchedule; readonly forecast: ScheduleForecast };
  /** Where this loader is one of several: its part of the run, and what all do together. */
  readonly part?: { readonly schedule: Schedule; readonly whole: Plan };
}

/** What each run takes beside its schedule: deployment, clean-up, first and last instances. */
export const OVERHEAD_PER_RUN_MS = 3000;

/** Most runs that the block lists. */
const MOST_ROWS = 20;

/**
 * The block that says what will happen, before any load.
 *
 * @param warnings sentences that a person should know
 * @param endless whether runs may follow that are not listed
 * @param isVirtual whether the time is only simulated
 */
export function renderPlan(
  loads: readonly PlannedLoad[],
  warnings: readonly string[],
  { endless, isVirtual }: { readonly endless: boolean; readonly isVirtual: boolean },
): string {
  const width = Math.max(...loads.map(({ run }) => run.name.length), 3);
  const lines = [
    `${"run".padEnd(width)}  functions  invocations   mean/s   peak/s  concurrency  time`,
  ];
  for (const { run, plan } of loads.slice(0, MOST_ROWS)) {
    const about = plan.isForecast === true ? "~" : "";
    lines.push([
      run.name.padEnd(width),
      String(plan.functions).padStart(9),
      (about + plan.invocations.toLocaleString("en")).padStart(11),
      (about + plan.meanRatePerS.toFixed(1)).padStart(7),
      (about + plan.peakRatePerS).padStart(7),
      (about + plan.expectedConcurrency.toFixed(2)).padStart(11),
      formatDuration(Math.round(plan.durationMs / 100) * 100),
    ].join("  "));
  }
  if (loads.length > MOST_ROWS) lines.push(`… and ${loads.length - MOST_ROWS} more`);
  const totalMs = loads.reduce((sum, { plan }) => sum + plan.durationMs + OVERHEAD_PER_RUN_MS, 0);
  const seconds = Math.ceil(totalMs / 1000);
  const time = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  lines.push(
    endless
      ? `${loads.length} or more runs, unless the platform is overloaded before.`
      : `${loads.length} ${loads.length === 1 ? "run" : "runs"}, about ${time} ${
        isVirtual ? "of simulated time" : "in all"
      }.`,
  );
  if (loads.some(({ plan }) => plan.isForecast === true)) {
    lines.push("~ as the counts of the trace say; it is counted, and hashed, as it is replayed.");
  }
  for (const warning of warnings) lines.push(`Warning: ${warning}`);
  return lines.join("\n");
}

/** A sentence for each run that asks for less than its trace has. */
export function cutWarnings(loads: readonly PlannedLoad[]): string[] {
  return loads.flatMap(({ run, plan: { cut, invocations, expectedConcurrency } }) => {
    if (cut === undefined) return [];
    const warnings: string[] = [];
    const of = `of the ${invocations} invocations of ${run.name}`;
    if (cut.runtimes > 0) {
      warnings.push(
        `${cut.runtimes} ${of} ask for ${RUNTIME_LIMITS_MS.maximum / 1000} s, the longest that ` +
          "is asked for, where the trace has more; uncut, the expected concurrency would be " +
          `${cut.uncutConcurrency.toFixed(2)} instead of ${expectedConcurrency.toFixed(2)}.`,
      );
    }
    if (cut.memories > 0) {
      warnings.push(
        `${cut.memories} ${of} ask for ${MEMORY_LIMITS_MIB.maximum} MiB, the most that is asked ` +
          "for, where the trace has more.",
      );
    }
    return warnings;
  });
}

/** A sentence for each run that asks for more CPU than there is. */
export function demandWarnings(loads: readonly PlannedLoad[], cores: number | null): string[] {
  if (cores === null) return [];
  return loads.filter(({ plan }) => plan.expectedConcurrency > cores).map(({ run, plan }) =>
    `${run.name} asks for ${plan.expectedConcurrency.toFixed(1)} cores of function work on ` +
    `average, and this machine has ${cores}; expect queues.`
  );
}

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
  return loads.flatMap(({ run, plan, part, uncounted }) => {
    const expiring = uncounted === undefined
      ? countExpiring(part?.schedule ?? run.schedule, timeoutMs)
      : uncounted.forecast.countOfAtLeast(timeoutMs);
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
