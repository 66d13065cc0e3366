import { errorMessage } from "../base/error.ts";
import type { RunManifest, WarmupCheck } from "../store/schema/manifest.ts";
import type { Platform } from "../model/platform.ts";
import type { InvocationSink } from "../model/record.ts";
import { adfTest } from "../stats/adf.ts";
import { logSettingsChange } from "../store/write/settings_log.ts";
import type { PlannedRun } from "./experiment.ts";
import { type Shard, tendsPlatform } from "./shard/shard.ts";

/**
 * How long a run's warm-up takes, if it replays the trace before the measurement;
 * `null` where there is none. A ramp's, in each of its slots, is another matter.
 */
function replayedWarmupMs({ trace, schedule }: PlannedRun): number | null {
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

/** How long it takes, if this loader is to change the platform's settings for the phases. */
function settingsWarmupMs(
  run: PlannedRun,
  { shard, clusterSettings }: SettingsChoice,
): number | null {
  return clusterSettings && tendsPlatform(shard) ? replayedWarmupMs(run) : null;
}

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

/** The part of the warm-up, at its end, that must be stationary. */
const LAST_MS = 60_000;
/** Largest p-value of a unit root that counts as stationary. */
const SIGNIFICANCE = 0.05;

/**
 * Invocations that are tested one by one. Of more, the means of as many bins of 10 ms are: the
 * test's time grows with its points and lags, and took 25 s of the event loop and 1.4 GiB for
 * 1.2 million of them.
 */
const MOST_POINTS = 6_000;
const BIN_MS = LAST_MS / MOST_POINTS;

/**
 * Listens to the records of a run and tells at its end whether the last minute
 * of the warm-up was stationary: response time − served runtime, in time order,
 * by an augmented Dickey-Fuller test, in memory and time that do not grow with the load.
 */
export class WarmupWatch {
  readonly #warmupEndMs: number;
  /** Of each invocation, until there are too many. */
  #points: { readonly scheduledMs: number; readonly overheadMs: number }[] = [];
  #count = 0;
  /** By bin. */
  readonly #sumsMs = new Float64Array(MOST_POINTS);
  readonly #counts = new Float64Array(MOST_POINTS);

  /** The check is made where a warm-up replays the trace; a ramp's is another matter. */
  static of(run: PlannedRun): WarmupWatch | undefined {
    const warmupMs = replayedWarmupMs(run);
    return warmupMs === null ? undefined : new WarmupWatch(warmupMs);
  }

  constructor(warmupEndMs: number) {
    this.#warmupEndMs = warmupEndMs;
  }

  /** A sink that passes invocations on and keeps what the test needs. */
  listen(sink: InvocationSink): InvocationSink {
    return {
      write: (row) => {
        sink.write(row);
        if (row.phase !== "warmup" || row.outcome !== "ok") return;
        const { scheduledMs } = row;
        if (scheduledMs < this.#warmupEndMs - LAST_MS) return;
        const overheadMs = row.completedMs - scheduledMs - row.servedRuntimeMs;
        // Unknown where a server does not say what it ran for.
        if (!Number.isNaN(overheadMs)) this.#take(scheduledMs, overheadMs);
      },
    };
  }

  derive(): WarmupCheck {
    const observations = this.#count;
    const result = adfTest(this.#series());
    if (result === null) {
      return {
        stationary: null,
        observations,
        statistic: null,
        pValue: null,
        criticalValue5Percent: null,
      };
    }
    const critical = result.criticalValues["5%"];
    return {
      stationary: result.pValue <= SIGNIFICANCE && result.statistic <= critical,
      observations,
      statistic: result.statistic,
      pValue: result.pValue,
      criticalValue5Percent: critical,
    };
  }

  #take(scheduledMs: number, overheadMs: number): void {
    const bin = Math.floor((scheduledMs - this.#warmupEndMs + LAST_MS) / BIN_MS);
    // The phase ends with the bins, and a rounded time may not.
    const at = Math.min(Math.max(bin, 0), MOST_POINTS - 1);
    this.#sumsMs[at] += overheadMs;
    this.#counts[at]++;
    if (++this.#count <= MOST_POINTS) this.#points.push({ scheduledMs, overheadMs });
    else if (this.#points.length > 0) this.#points = [];
  }

  /** In time order: each invocation, or the mean of each bin that has any. */
  #series(): number[] {
    if (this.#count <= MOST_POINTS) {
      return this.#points
        .toSorted((a, b) => a.scheduledMs - b.scheduledMs)
        .map((point) => point.overheadMs);
    }
    return [...this.#sumsMs].flatMap((sumMs, bin) =>
      this.#counts[bin] === 0 ? [] : [sumMs / this.#counts[bin]]
    );
  }
}
