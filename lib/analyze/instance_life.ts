import { type ColumnTable, textAt } from "../store/read/stored_table.ts";
import { phaseAt, type PhaseSpan } from "../model/schedule.ts";
import type { TimeBins } from "./time_bins.ts";

/** The life of one instance; times in ms since run start, NaN where unknown. */
export interface InstanceLife {
  readonly functionId: string;
  readonly instance: string;
  /** When it was created, or was first heard of. */
  readonly createdMs: number;
  readonly readyMs: number;
  /** When it was told to stop, or was gone without. */
  readonly stoppedMs: number;
  /** Why it ended, where it was not asked to. */
  readonly detail: string | null;
  /** Steps of its start; absent where the platform tells none. */
  readonly steps?: StartSteps;
}

/** When an instance made the steps between its creation and ready; NaN where unknown. */
export interface StartSteps {
  /** It had a node. */
  readonly scheduledMs: number;
  /** Its sandbox was there. */
  readonly preparedMs: number;
  /** An image that the node lacked was begun to be pulled, and was there. */
  readonly pullingMs: number;
  readonly pulledMs: number;
  /** All of its containers were started. */
  readonly startedMs: number;
  /** From its creation until ready by the platform's own clock. */
  readonly platformStartMs: number;
  /** When it was ready by the platform's own clock. */
  readonly platformReadyMs: number;
}

/**
 * Derives one life per instance from the table `instances`, in order of creation; `null`
 * if it has no rows.
 *
 * @throws LoaderError `result` when the table is broken
 */
export function deriveInstanceLives(table: ColumnTable): InstanceLife[] | null {
  if (table.rowCount === 0) return null;
  const timeMs = table.numbers("time_ms");
  const functionId = table.texts("function_id");
  const instance = table.texts("instance");
  const event = table.texts("event");
  const detail = table.texts("detail");
  const platformMs = table.numbers("platform_ms");
  const lives = new Map<number, LifeInMaking>();
  for (let row = 0; row < table.rowCount; row++) {
    let life = lives.get(instance.codes[row]);
    if (life === undefined) {
      life = {
        functionId: textAt(functionId, row) ?? "",
        instance: textAt(instance, row) ?? "",
        createdMs: timeMs[row],
        readyMs: NaN,
        stoppedMs: NaN,
        detail: null,
      };
      lives.set(instance.codes[row], life);
    }
    const eventName = event.values[event.codes[row]];
    if (eventName === "ready" && Number.isNaN(life.readyMs)) life.readyMs = timeMs[row];
    if ((eventName === "stopping" || eventName === "gone") && Number.isNaN(life.stoppedMs)) {
      life.stoppedMs = timeMs[row];
    }
    if (detail.codes[row] >= 0) life.detail = detail.values[detail.codes[row]];
    const step = STEP_OF_EVENT[eventName];
    if (step !== undefined) {
      life.steps ??= { ...NO_STEPS };
      if (Number.isNaN(life.steps[step])) life.steps[step] = timeMs[row];
    }
    // Of instances that were there before the run, the start is not told.
    if (eventName === "created" && !Number.isNaN(platformMs[row])) {
      life.platformCreatedMs = platformMs[row];
    }
    if (eventName === "ready" && life.platformCreatedMs !== undefined) {
      life.steps ??= { ...NO_STEPS };
      life.steps.platformStartMs = platformMs[row] - life.platformCreatedMs;
      life.steps.platformReadyMs = platformMs[row];
    }
  }
  return [...lives.values()]
    .map(({ platformCreatedMs: _, ...life }): InstanceLife => life)
    .sort((a, b) => a.createdMs - b.createdMs);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface LifeInMaking extends Mutable<Omit<InstanceLife, "steps">> {
  steps?: Mutable<StartSteps>;
  platformCreatedMs?: number;
}

const NO_STEPS: StartSteps = {
  scheduledMs: NaN,
  preparedMs: NaN,
  pullingMs: NaN,
  pulledMs: NaN,
  startedMs: NaN,
  platformStartMs: NaN,
  platformReadyMs: NaN,
};

const STEP_OF_EVENT: Readonly<Record<string, Exclude<keyof StartSteps, `platform${string}`>>> = {
  scheduled: "scheduledMs",
  prepared: "preparedMs",
  pulling: "pullingMs",
  pulled: "pulledMs",
  started: "startedMs",
};

/**
 * Instances that began to start in the measurement phase (or in the drain
 * after it), once each. Initial instances, created before run start, and those
 * of the warm-up are not among them.
 */
export function selectMeasuredStarts(
  lives: readonly InstanceLife[],
  phases: readonly PhaseSpan[],
): InstanceLife[] {
  return lives.filter(({ createdMs }) =>
    createdMs >= 0 && phaseAt(phases, createdMs) === "measurement"
  );
}

/** Instances over time: the largest number within each bin. */
export interface InstanceCountSeries {
  readonly bins: TimeBins;
  /** Created and not yet ready. */
  readonly starting: Uint32Array;
  /** Ready and not told to stop. */
  readonly ready: Uint32Array;
}

/** Derives the number of instances over time from their lives. */
export function deriveInstanceCounts(
  lives: readonly InstanceLife[],
  bins: TimeBins,
): InstanceCountSeries {
  const starting: Span[] = [];
  const ready: Span[] = [];
  for (const { createdMs, readyMs, stoppedMs } of lives) {
    const goneMs = Number.isNaN(stoppedMs) ? Infinity : stoppedMs;
    starting.push([createdMs, Number.isNaN(readyMs) ? goneMs : Math.min(readyMs, goneMs)]);
    if (!Number.isNaN(readyMs)) ready.push([readyMs, goneMs]);
  }
  return { bins, starting: countSpans(starting, bins), ready: countSpans(ready, bins) };
}

/** From (inclusive) and until (exclusive) in ms. */
type Span = readonly [number, number];

function countSpans(spans: readonly Span[], bins: TimeBins): Uint32Array {
  const steps: { timeMs: number; change: number }[] = [];
  for (const [fromMs, untilMs] of spans) {
    if (!(untilMs > fromMs)) continue;
    steps.push({ timeMs: fromMs, change: 1 }, { timeMs: untilMs, change: -1 });
  }
  steps.sort((a, b) => a.timeMs - b.timeMs || a.change - b.change);
  const counts = new Uint32Array(bins.count);
  let count = 0;
  let next = 0;
  for (let bin = 0; bin < bins.count; bin++) {
    // What happens at the first instant of a bin, or before all, is not its maximum yet.
    const fromMs = bin * bins.binMs;
    for (; next < steps.length && steps[next].timeMs <= fromMs; next++) count += steps[next].change;
    counts[bin] = count;
    const untilMs = fromMs + bins.binMs;
    for (; next < steps.length && steps[next].timeMs < untilMs; next++) {
      count += steps[next].change;
      if (count > counts[bin]) counts[bin] = count;
    }
  }
  return counts;
}
