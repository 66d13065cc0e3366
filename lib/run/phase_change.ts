import { errorMessage } from "../base/error.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import type { Platform } from "../model/platform.ts";
import { logSettingsChange } from "../store/write/settings_log.ts";
import type { PlannedRun } from "./experiment.ts";
import { type SettingsChoice, settingsWarmupMs } from "./replayed_warmup.ts";

/** What changes of phase need to know of a run. */
export interface PhaseSetting {
  readonly platform: Pick<Platform, "clock" | "enterPhase">;
  /** Of the run: changes of settings and notes go there. */
  readonly folder: {
    readonly path: string;
    readonly manifest: Pick<RunManifest, "notes">;
    update(changes: Pick<RunManifest, "notes">): void;
  };
  readonly options: SettingsChoice;
  readonly signal: AbortSignal;
}

/** Makes the platform's settings those of the warm-up, if the run has one. */
export async function enterWarmup(
  run: PlannedRun,
  { platform, folder, options, signal }: PhaseSetting,
): Promise<void> {
  if (settingsWarmupMs(run, options) === null) return;
  await platform.enterPhase?.("warmup", (change) => logSettingsChange(folder.path, change), signal);
}

/**
 * Tells the platform when the measurement begins, beside the load: what it takes
 * delays no invocation. Returns what waits until it is done, or keeps it from
 * beginning, and then notes what went wrong.
 */
export function armMeasurement(
  run: PlannedRun,
  { platform, folder, options, signal }: PhaseSetting,
  runStartMs: number,
): () => Promise<void> {
  const warmupMs = settingsWarmupMs(run, options);
  if (warmupMs === null || platform.enterPhase === undefined) return () => Promise.resolve();
  let failure: unknown = null;
  let entering: Promise<void> = Promise.resolve();
  const enter = () =>
    platform.enterPhase!(
      "measurement",
      (change) => logSettingsChange(folder.path, change),
      signal,
    ).catch((error) => failure = error);
  const timer = platform.clock.at(runStartMs + warmupMs, () => {
    entering = enter();
    return entering;
  });
  return async () => {
    timer.cancel();
    await entering;
    if (failure === null || signal.aborted) return;
    const note = `The settings for the measurement were not in force: ${errorMessage(failure)}`;
    folder.update({ notes: [...folder.manifest.notes, note] });
  };
}
