import type { Rng } from "../../base/rng.ts";
import { SlotCounts } from "../../model/slot_counts.ts";
import type { FunctionProfile, Percentiles } from "../../model/trace.ts";
import {
  generateBetween,
  generateBurrXii,
  generateChoice,
  generateLogNormal,
  generatePoisson,
  interpolate,
} from "../distributions.ts";
import {
  MEMORY_BURR_C,
  MEMORY_BURR_K,
  MEMORY_BURR_LAMBDA,
  MEMORY_QUANTILES,
  MEMORY_Z,
  roundPercentiles,
  RUNTIME_LOG_MEAN,
  RUNTIME_LOG_SIGMA,
  RUNTIME_QUANTILES,
  RUNTIME_Z,
  spreadLogNormal,
} from "../published_figures.ts";

// Figures without another source are from "Serverless in the Wild" (Shahrad et
// al., USENIX ATC 2020), sections 3.2 to 3.5.

/** Share of functions by trigger, % (figure 2). */
export const TRIGGER_SHARES = [
  ["http", 55.0],
  ["timer", 15.6],
  ["queue", 15.2],
  ["orchestration", 6.9],
  ["storage", 2.8],
  ["event", 2.2],
  ["others", 2.2],
] as const;

/** Applications by number of functions, % (figure 1): [[fewest, most], share]. */
const APPLICATION_SIZES: readonly (readonly [readonly [number, number], number])[] = [
  [[1, 1], 54],
  [[2, 2], 16],
  [[3, 3], 10],
  [[4, 5], 8],
  [[6, 10], 7],
  // The tail reaches beyond 2000, which no small trace can hold.
  [[11, 20], 5],
];

/**
 * Invocations a day, logarithm to base 10, by quantile (figure 5a): 45 % of
 * the applications are invoked at most once an hour on average, 81 % at most
 * once a minute, and the whole spans eight orders of magnitude. Linear between.
 */
const LOG_DAILY_INVOCATIONS = [
  [0, 0],
  [0.45, Math.log10(24)],
  [0.81, Math.log10(1440)],
  [1, 8],
] as const;

/**
 * Invocations vary over the day around a baseline of half the peak
 * (figure 4): 1 + amplitude × cosine. The hour of the peak is our choice.
 */
const DIURNAL_AMPLITUDE = 1 / 3;
const DIURNAL_PEAK_MINUTE = 14 * 60;
const MINUTES_PER_DAY = 1440;

/** Periods of timers in minutes; a timer has the one nearest to the rate drawn. */
const TIMER_PERIODS_MINUTES = [
  1 / 300,
  1 / 60,
  1 / 6,
  1 / 4,
  1 / 2,
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  720,
  1440,
];

/** Spread of a function's own runtimes and memory, as σ of the logarithm; our choice. */
const OWN_RUNTIME_SIGMA = [0.05, 0.6] as const;
const OWN_MEMORY_SIGMA = [0.01, 0.12] as const;

/** Options of {@linkcode synthesizeFunctions}. */
export interface SynthesisOptions {
  readonly functions: number;
  /** Length of the trace, 1440 by default. */
  readonly minutes?: number;
  /** What the functions must satisfy; {@linkcode DEMONSTRATION_CONDITIONS} by default. */
  readonly conditions?: SynthesisConditions;
}

/**
 * What is asked of the functions: whatever is drawn and does not satisfy this
 * is drawn again, so that what remains has the published distributions under
 * these conditions.
 */
export interface SynthesisConditions {
  /** Of four functions in a row, so many are busy, unless a timer triggers them. */
  readonly busyOfFour: number;
  /** Least number of invocations of a busy function in each of the first minutes. */
  readonly busyPerMinute: number;
  /** How many first minutes. */
  readonly busyMinutes: number;
  /** Largest number of invocations of a function in a minute. */
  readonly maxPerMinute: number;
  /** Largest mean runtime. */
  readonly maxMeanRuntimeMs: number;
  /** Largest 100th percentile of runtime. */
  readonly maxRuntimeMs: number;
  /** Largest 100th percentile of an application's memory. */
  readonly maxMemoryMib: number;
  /** Largest mean concurrency of a function: rate × mean runtime. */
  readonly maxConcurrency: number;
}

/** What lets two CPU cores carry some dozens of the functions. */
export const DEMONSTRATION_CONDITIONS: SynthesisConditions = {
  busyOfFour: 3,
  busyPerMinute: 400,
  busyMinutes: 10,
  maxPerMinute: 1000,
  maxMeanRuntimeMs: 5,
  maxRuntimeMs: 100,
  maxMemoryMib: 400,
  maxConcurrency: 0.1,
};

/** No conditions: the published distributions as they are. */
export const NO_CONDITIONS: SynthesisConditions = {
  busyOfFour: 0,
  busyPerMinute: 0,
  busyMinutes: 0,
  maxPerMinute: Infinity,
  maxMeanRuntimeMs: Infinity,
  maxRuntimeMs: Infinity,
  maxMemoryMib: Infinity,
  maxConcurrency: Infinity,
};

/**
 * Makes the functions of a trace from published distributions, application by
 * application: trigger, invocations in each minute (Poisson with a diurnal
 * rate; timers periodic), runtime in whole ms and memory in whole MiB. Each
 * function is invoked at least once. Functions are independent of each other,
 * and invocations have no bursts beyond the Poisson process.
 *
 * @example
 * ```ts
 * import { Rng } from "../../base/rng.ts";
 * import { synthesizeFunctions } from "./demonstration.ts";
 * const functions = synthesizeFunctions(Rng.fromSeed(42, "trace"), { functions: 3 });
 * if (functions.length !== 3) throw new Error("three were asked for");
 * ```
 */
export function synthesizeFunctions(rng: Rng, options: SynthesisOptions): FunctionProfile[] {
  const { minutes = MINUTES_PER_DAY, conditions = DEMONSTRATION_CONDITIONS } = options;
  const functions: FunctionProfile[] = [];
  while (functions.length < options.functions) {
    const [fewest, most] = generateChoice(rng, APPLICATION_SIZES);
    const size = fewest + rng.nextBelow(most - fewest + 1);
    const ownerId = generateHash(rng);
    const appId = generateHash(rng);
    const memoryMib = divide(generateMemory(rng, conditions), size);
    for (let i = 0; i < size && functions.length < options.functions; i++) {
      const busy = functions.length % 4 < conditions.busyOfFour;
      const busyMinutes = busy ? conditions.busyMinutes : 0;
      functions.push({
        id: generateHash(rng),
        appId,
        ownerId,
        memoryMib,
        ...generateLoad(rng, minutes, busyMinutes, conditions),
      });
    }
  }
  return functions;
}

/** 64 random bits as 16 hexadecimal digits, for the hashes of the dataset. */
function generateHash(rng: Rng): string {
  const digits = () => (rng.nextInt32() >>> 0).toString(16).padStart(8, "0");
  return digits() + digits();
}

function generateMemory(rng: Rng, conditions: SynthesisConditions): Percentiles {
  for (;;) {
    const mean = generateBurrXii(rng, MEMORY_BURR_C, MEMORY_BURR_K, MEMORY_BURR_LAMBDA);
    const sigma = generateBetween(rng, OWN_MEMORY_SIGMA);
    const memoryMib = roundPercentiles(
      spreadLogNormal(MEMORY_QUANTILES, MEMORY_Z, mean, sigma),
    );
    if (memoryMib.values[memoryMib.values.length - 1] <= conditions.maxMemoryMib) return memoryMib;
  }
}

/** Each function of an application has the same share of its memory. */
function divide(memoryMib: Percentiles, functions: number): Percentiles {
  const share = (valueMib: number) => Math.max(1, Math.round(valueMib / functions));
  return {
    quantiles: memoryMib.quantiles,
    values: memoryMib.values.map(share),
    mean: share(memoryMib.mean),
  };
}

function generateLoad(
  rng: Rng,
  minutes: number,
  busyMinutes: number,
  conditions: SynthesisConditions,
): Pick<FunctionProfile, "trigger" | "invocationsPerSlot" | "runtimeMs"> {
  const trigger = generateChoice(rng, TRIGGER_SHARES);
  const leastFirst = trigger === "timer" || busyMinutes === 0 ? 0 : conditions.busyPerMinute;
  for (;;) {
    const ratePerMinute = generateRatePerMinute(rng, trigger);
    if (ratePerMinute > conditions.maxPerMinute) continue;
    if (ratePerMinute < leastFirst) continue;
    const runtimeMs = generateRuntime(rng);
    if (runtimeMs.mean > conditions.maxMeanRuntimeMs) continue;
    if (runtimeMs.values[runtimeMs.values.length - 1] > conditions.maxRuntimeMs) continue;
    if (ratePerMinute * runtimeMs.mean / 60_000 > conditions.maxConcurrency) continue;
    const invocationsPerMinute = generateInvocations(rng, trigger, ratePerMinute, minutes);
    const first = invocationsPerMinute.subarray(0, busyMinutes);
    if (first.some((count) => count < leastFirst)) continue;
    if (invocationsPerMinute.some((count) => count > conditions.maxPerMinute)) continue;
    if (invocationsPerMinute.every((count) => count === 0)) continue;
    return { trigger, invocationsPerSlot: SlotCounts.from(invocationsPerMinute), runtimeMs };
  }
}

function generateRatePerMinute(rng: Rng, trigger: string): number {
  const perDay = 10 ** interpolate(LOG_DAILY_INVOCATIONS, rng.nextFloat());
  const ratePerMinute = perDay / MINUTES_PER_DAY;
  if (trigger !== "timer") return ratePerMinute;
  const distance = (periodMinutes: number) => Math.abs(Math.log(periodMinutes * ratePerMinute));
  const nearest = TIMER_PERIODS_MINUTES.reduce((best, period) =>
    distance(period) < distance(best) ? period : best
  );
  return 1 / nearest;
}

function generateRuntime(rng: Rng): Percentiles {
  const meanMs = 1000 * generateLogNormal(rng, RUNTIME_LOG_MEAN, RUNTIME_LOG_SIGMA);
  const sigma = generateBetween(rng, OWN_RUNTIME_SIGMA);
  return roundPercentiles(spreadLogNormal(RUNTIME_QUANTILES, RUNTIME_Z, meanMs, sigma));
}

/** Counts of each minute. */
function generateInvocations(
  rng: Rng,
  trigger: string,
  ratePerMinute: number,
  minutes: number,
): Uint32Array {
  const counts = new Uint32Array(minutes);
  const periodMinutes = Math.max(1, Math.round(1 / ratePerMinute));
  const offsetMinutes = rng.nextBelow(periodMinutes);
  for (let minute = 0; minute < minutes; minute++) {
    if (trigger === "timer") {
      const fires = minute % periodMinutes === offsetMinutes;
      counts[minute] = fires ? Math.max(1, Math.round(ratePerMinute)) : 0;
    } else {
      const angle = 2 * Math.PI * (minute - DIURNAL_PEAK_MINUTE) / MINUTES_PER_DAY;
      counts[minute] = generatePoisson(
        rng,
        ratePerMinute * (1 + DIURNAL_AMPLITUDE * Math.cos(angle)),
      );
    }
  }
  return counts;
}
