import type { PlannedRun } from "./experiment.ts";
import { type Shard, tendsPlatform } from "./shard/shard.ts";

/**
 * How long a run's warm-up takes, if it replays the trace before the measurement;
 * `null` where there is none. A ramp's, in each of its slots, is another matter.
 */
export function replayedWarmupMs({ trace, schedule }: PlannedRun): number | null {
  const [first, second] = schedule.phases;
  if (trace === null || first.phase !== "warmup" || second === undefined) return null;
  return second.fromMs;
}

/** What decides whether a loader changes the platform's settings. */
export interface SettingsChoice {
  readonly shard: Shard | null;
  /** The user's: whether the settings of a whole cluster may be changed. */
  readonly clusterSettings: boolean;
}

/** The same, if this loader is to change the platform's settings for the phases. */
export function settingsWarmupMs(
  run: PlannedRun,
  { shard, clusterSettings }: SettingsChoice,
): number | null {
  return clusterSettings && tendsPlatform(shard) ? replayedWarmupMs(run) : null;
}
