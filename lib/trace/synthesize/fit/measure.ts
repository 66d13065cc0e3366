import type { SlotCounts } from "../../../model/slot_counts.ts";
import type { FunctionProfile, Trace } from "../../../model/trace.ts";
import { classifyPeriodicity, type PeriodicityClass } from "../../sample/periodicity.ts";
import { HOURS_PER_DAY } from "../load_shape.ts";
import { foldToMinutes, timeOfTrace, type TraceTime } from "./minute_counts.ts";

/** Distances in minutes over which counts are compared with themselves. */
export const LAGS_MINUTES = [1, 10, 60] as const;

/** Fewer active minutes than this tell nothing of autocorrelation or dispersion. */
const FEWEST_ACTIVE = 20;

/** By what a function of one trace is compared with those of another. */
export interface FunctionMeasure {
  readonly appId: string;
  readonly trigger: string | null;
  readonly invocations: number;
  readonly perDay: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
  /** Part of the minutes that have an invocation. */
  readonly activeShare: number;
  /** Variance ÷ mean of the counts of minutes; `null`: too few. */
  readonly dispersion: number | null;
  /** Of the counts of minutes at {@linkcode LAGS_MINUTES}; `null`: too few. */
  readonly autocorrelation: readonly number[] | null;
  readonly periodicity: PeriodicityClass;
  /** Invocations in each hour of the day. */
  readonly hourly: Float64Array;
}

/**
 * Measures the functions of a trace that are invoked in it.
 *
 * @throws {LoaderError} `usage` when no counts of minutes can be made of the trace
 */
export function measureTrace(trace: Trace): FunctionMeasure[] {
  const time = timeOfTrace(trace);
  const meter = new CountMeter(time);
  return trace.functions
    .map((profile) =>
      meter.measure(profile, foldToMinutes(profile.invocationsPerSlot, trace.slotMs, time.minutes))
    )
    .filter(({ invocations }) => invocations > 0);
}

/** Measures functions one after the other; what is kept between two is room, no state. */
export class CountMeter {
  readonly #time: TraceTime;
  readonly #dense: Float64Array;

  constructor(time: TraceTime) {
    this.#time = time;
    this.#dense = new Float64Array(time.minutes);
  }

  measure(
    profile: Pick<FunctionProfile, "appId" | "trigger" | "runtimeMs" | "memoryMib">,
    counts: SlotCounts,
  ): FunctionMeasure {
    const { minutes, days, startMinute } = this.#time;
    const hourly = new Float64Array(HOURS_PER_DAY);
    let squares = 0;
    counts.forEach((minute, count) => {
      this.#dense[minute] = count;
      squares += count * count;
      hourly[Math.floor((startMinute + minute) / 60) % HOURS_PER_DAY] += count;
    });
    const mean = counts.total / minutes;
    const variance = squares / minutes - mean * mean;
    const isTold = counts.nonZero >= FEWEST_ACTIVE;
    const measure = {
      appId: profile.appId,
      trigger: profile.trigger,
      invocations: counts.total,
      perDay: counts.total / days,
      runtimeMs: profile.runtimeMs.mean,
      memoryMib: profile.memoryMib.mean,
      activeShare: counts.nonZero / minutes,
      dispersion: isTold ? variance / mean : null,
      autocorrelation: isTold
        ? LAGS_MINUTES.map((lag) => this.#correlation(counts, lag, mean, variance))
        : null,
      periodicity: classifyPeriodicity(counts, 0, minutes),
      hourly,
    };
    counts.forEach((minute) => {
      this.#dense[minute] = 0;
    });
    return measure;
  }

  /** About the mean of the whole series, so that it is within −1 and 1. */
  #correlation(counts: SlotCounts, lag: number, mean: number, variance: number): number {
    const { minutes } = this.#time;
    const pairs = minutes - lag;
    // Counts that never vary are as like themselves as can be.
    if (pairs <= 0 || variance <= 1e-9 * mean * mean) return 1;
    let products = 0;
    let sums = 0;
    for (const cursor = counts.cursor(); cursor.slot < minutes; cursor.next()) {
      const { slot, count } = cursor;
      if (slot < pairs) {
        products += count * this.#dense[slot + lag];
        sums += count;
      }
      if (slot >= lag) sums += count;
    }
    return (products - mean * sums + pairs * mean * mean) / (minutes * variance);
  }
}
