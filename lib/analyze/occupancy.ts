import type { RunManifest } from "../store/schema/manifest.ts";
import type { InstanceLife } from "./instance_life.ts";
import type { TimeSpan } from "./memory_time.ts";

/** Things that are there for a while, such as calls in flight: beginnings and ends, each ascending. */
export interface Stays {
  readonly startsMs: Float64Array;
  /** `Infinity`: it never ended. */
  readonly endsMs: Float64Array;
}

/** How many are there at a time. */
export interface Occupancy {
  /** Average, weighted by time. */
  readonly mean: number;
  readonly peak: number;
}

/** The spans of a run's schedule that are measured, in order; the drain is not among them. */
export function listMeasuredSpans(
  { phases, plan: { durationMs } }: Pick<RunManifest, "phases" | "plan">,
): TimeSpan[] {
  return phases
    .map(({ fromMs, phase }, i) => ({
      phase,
      fromMs: Math.max(0, fromMs),
      untilMs: Math.min(durationMs, phases[i + 1]?.fromMs ?? durationMs),
    }))
    .filter(({ phase, fromMs, untilMs }) => phase === "measurement" && untilMs > fromMs)
    .map(({ fromMs, untilMs }) => ({ fromMs, untilMs }));
}

/**
 * Derives how many are there within spans of time: those that came before and are still
 * there count, as does what ends later, each for its part within. What ends at the instant
 * at which another begins was never beside it.
 *
 * @returns `null` where the spans have no length
 *
 * @example
 * ```ts
 * import { deriveOccupancy } from "./occupancy.ts";
 * const stays = { startsMs: Float64Array.of(0, 10), endsMs: Float64Array.of(15, Infinity) };
 * const { mean, peak } = deriveOccupancy(stays, [{ fromMs: 10, untilMs: 20 }])!;
 * if (mean !== 1.5 || peak !== 2) throw new Error("two for 5 ms, then one");
 * ```
 */
export function deriveOccupancy(
  { startsMs, endsMs }: Stays,
  spans: readonly TimeSpan[],
): Occupancy | null {
  let lengthMs = 0;
  let areaMs = 0;
  let peak = 0;
  for (const { fromMs, untilMs } of spans) {
    let start = countUntil(startsMs, fromMs);
    let end = countUntil(endsMs, fromMs);
    let nowMs = fromMs;
    peak = Math.max(peak, start - end);
    for (;;) {
      const isEnd = !(startsMs[start] < endsMs[end]);
      const nextMs = isEnd ? endsMs[end] : startsMs[start];
      if (!(nextMs < untilMs)) break;
      areaMs += (start - end) * (nextMs - nowMs);
      nowMs = nextMs;
      if (isEnd) end++;
      else start++;
      peak = Math.max(peak, start - end);
    }
    areaMs += (start - end) * (untilMs - nowMs);
    lengthMs += untilMs - fromMs;
  }
  return lengthMs > 0 ? { mean: areaMs / lengthMs, peak } : null;
}

/** The stays of instances that were ready, or starting. */
export function listInstanceStays(
  lives: readonly InstanceLife[],
  state: "starting" | "ready",
): Stays {
  const stays = lives.flatMap(({ createdMs, readyMs, stoppedMs }) => {
    const goneMs = Number.isNaN(stoppedMs) ? Infinity : stoppedMs;
    const becameReadyMs = Number.isNaN(readyMs) ? goneMs : Math.min(readyMs, goneMs);
    const [fromMs, untilMs] = state === "starting"
      ? [createdMs, becameReadyMs]
      : [becameReadyMs, goneMs];
    return untilMs > fromMs ? [{ fromMs, untilMs }] : [];
  });
  return {
    startsMs: Float64Array.from(stays, ({ fromMs }) => fromMs).sort(),
    endsMs: Float64Array.from(stays, ({ untilMs }) => untilMs).sort(),
  };
}

/** How many of the ascending times are at or before an instant. */
function countUntil(timesMs: Float64Array, instantMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] <= instantMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
