import type { PlannedRun } from "./experiment.ts";
import type { Shard } from "./shard.ts";

/**
 * How long a run's warm-up takes, if it replays the trace before the measurement;
 * `null` where there is none. A ramp's, in each of its slots, is another matter.
 */
export function replayedWarmupMs({ trace, schedule }: PlannedRun): number | null {
  const [first, second] = schedule.phases;
  if (trace === null || first.phase !== "warmup" || second === undefined) return null;
  return second.fromMs;
}

/**
 * The same, if this loader is the one that changes the platform's settings for
 * the phases: of several loaders the first does, for all.
 */
export function settingsWarmupMs(run: PlannedRun, shard: Shard | null): number | null {
  return (shard?.index ?? 1) === 1 ? replayedWarmupMs(run) : null;
}
