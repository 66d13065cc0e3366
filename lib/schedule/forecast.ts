import {
  MEMORY_LIMITS_MIB,
  RUNTIME_LIMITS_MS,
  type Schedule,
  type ScheduleForecast,
} from "../model/schedule.ts";
import type { Percentiles } from "../model/trace.ts";
import type { Plan } from "../store/schema/manifest.ts";
import { meanBeyond } from "./cut_requests.ts";

/** How many invocations a schedule has, as its trace counts them. */
export interface ExpectedCounts {
  /** Of each function. */
  readonly byFunction: Float64Array;
  /** Of each slot that is replayed; the last may be cut. */
  readonly bySlot: Float64Array;
  /** Length of a slot in the replay. */
  readonly slotMs: number;
}

/** What counts let expect of the schedule that is drawn from them. */
export function deriveForecast(
  { functions, durationMs }: Pick<Schedule, "functions" | "durationMs">,
  { byFunction, bySlot, slotMs }: ExpectedCounts,
): ScheduleForecast {
  let [invocations, runtimeSumMs, uncutRuntimeSumMs, cutMemories] = [0, 0, 0, 0];
  functions.forEach(({ runtimeMs, memoryMib }, index) => {
    const count = byFunction[index];
    if (count === 0) return;
    invocations += count;
    const { minimum, maximum } = RUNTIME_LIMITS_MS;
    const meanMs = clampedMean(runtimeMs, minimum, maximum);
    runtimeSumMs += count * meanMs;
    const beyondMs = meanBeyond(runtimeMs, maximum);
    const lostMs = beyondMs === null ? 0 : shareAtLeast(runtimeMs, maximum) * (beyondMs - maximum);
    uncutRuntimeSumMs += count * (meanMs + lostMs);
    if (memoryMib.values.at(-1)! > MEMORY_LIMITS_MIB.maximum) {
      cutMemories += count * shareAtLeast(memoryMib, MEMORY_LIMITS_MIB.maximum);
    }
  });
  return {
    invocations: Math.round(invocations),
    peakRatePerS: forecastPeak(bySlot, slotMs, durationMs),
    runtimeSumMs,
    uncutRuntimeSumMs,
    cutMemories: Math.round(cutMemories),
    countOfAtLeast: (limitMs) =>
      Math.round(
        functions.reduce(
          (sum, { runtimeMs }, index) => sum + byFunction[index] * shareAtLeast(runtimeMs, limitMs),
          0,
        ),
      ),
  };
}

/** A forecast in the form of a plan. */
export function forecastPlan(
  { functions, durationMs }: Pick<Schedule, "functions" | "durationMs">,
  forecast: ScheduleForecast,
): Plan {
  const { invocations, peakRatePerS, runtimeSumMs, uncutRuntimeSumMs, cutMemories } = forecast;
  const beyond = functions.some(({ runtimeMs }) =>
    runtimeMs.values.at(-1)! > RUNTIME_LIMITS_MS.maximum
  );
  const cutRuntimes = beyond && uncutRuntimeSumMs > runtimeSumMs
    ? forecast.countOfAtLeast(RUNTIME_LIMITS_MS.maximum)
    : 0;
  return {
    functions: functions.length,
    invocations,
    durationMs,
    meanRatePerS: invocations / (durationMs / 1000),
    peakRatePerS,
    expectedConcurrency: runtimeSumMs / durationMs,
    meanRequestedRuntimeMs: invocations === 0 ? 0 : runtimeSumMs / invocations,
    ...(cutRuntimes === 0 && cutMemories === 0 ? {} : {
      cut: {
        runtimes: cutRuntimes,
        memories: cutMemories,
        uncutConcurrency: uncutRuntimeSumMs / durationMs,
      },
    }),
    isForecast: true,
  };
}

/** The fullest second: of the fullest slot, with the spread that chance adds over all seconds. */
function forecastPeak(bySlot: Float64Array, slotMs: number, durationMs: number): number {
  const perSecond = new Float64Array(Math.ceil(durationMs / 1000));
  if (slotMs <= 1000) {
    bySlot.forEach((count, slot) => {
      perSecond[Math.min(Math.floor(slot * slotMs / 1000), perSecond.length - 1)] += count;
    });
    return Math.round(perSecond.reduce((max, count) => Math.max(max, count), 0));
  }
  let fullest = 0;
  bySlot.forEach((count, slot) => {
    const lengthMs = Math.min(slotMs, durationMs - slot * slotMs);
    // Of a part that is shorter than a second, the second is the whole.
    fullest = Math.max(fullest, count / Math.max(1, lengthMs / 1000));
  });
  return Math.round(fullest + Math.sqrt(2 * fullest * Math.log(Math.max(1, perSecond.length))));
}

/** Mean of a distribution, linear between its percentiles, with what is outside of bounds cut to them. */
function clampedMean({ quantiles, values }: Percentiles, low: number, high: number): number {
  /** Antiderivative of cutting to the bounds. */
  const area = (x: number): number =>
    x < low
      ? low * x
      : low * low + (Math.min(x, high) ** 2 - low * low) / 2 + high * Math.max(0, x - high);
  const cut = (x: number): number => Math.min(Math.max(x, low), high);
  const last = values.length - 1;
  let sum = quantiles[0] * cut(values[0]) + (1 - quantiles[last]) * cut(values[last]);
  for (let i = 1; i <= last; i++) {
    const [a, b] = [values[i - 1], values[i]];
    const mean = b === a ? cut(a) : (area(b) - area(a)) / (b - a);
    sum += (quantiles[i] - quantiles[i - 1]) * mean;
  }
  return sum;
}

/** Share of a distribution, linear between its percentiles, that lies at or beyond a limit. */
function shareAtLeast({ quantiles, values }: Percentiles, limit: number): number {
  const last = values.length - 1;
  if (values[0] >= limit) return 1;
  if (values[last] < limit) return 0;
  let i = 1;
  while (values[i] < limit) i++;
  const [a, b] = [values[i - 1], values[i]];
  const at = quantiles[i - 1] + (quantiles[i] - quantiles[i - 1]) * (limit - a) / (b - a);
  return 1 - at;
}
