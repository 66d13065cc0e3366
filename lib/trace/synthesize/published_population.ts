import { createHash } from "node:crypto";
import { deriveKey, Rng } from "../../base/rng.ts";
import {
  generateBetween,
  generateBinomial,
  generateBurrXii,
  generateChoice,
  generateLogNormal,
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
import { FLAT_SHAPE, HOURS_PER_DAY, type LoadShape, MINUTES_PER_DAY } from "./load_shape.ts";
import type { MinuteProcess } from "./minute_process.ts";
import type { ApplicationModel, FunctionModel, Population, PopulationSize } from "./population.ts";
import {
  APPLICATION_SIZES,
  BURST_MINUTES,
  BUSIEST_PER_DAY,
  DIURNAL_AMPLITUDE,
  DIURNAL_PEAK_HOUR,
  IAT_CV,
  LOG_DAILY_INVOCATIONS,
  OFTEN_PER_DAY,
  OWN_MEMORY_SIGMA,
  OWN_RUNTIME_SIGMA,
  TIMER_PERIODS_MINUTES,
  TRIGGERS,
  WANDER_CORRELATION,
  WANDER_SIGMA,
  WEEKEND_FACTOR,
} from "./published.ts";

/** Up to this many invocations in the whole trace each one is drawn; a day of more, by minutes. */
const MOST_SPARSE = 256;

/** Days that the published rates are averages of. */
const OBSERVED_DAYS = 14;

/** A function with less variable gaps than this is periodic. */
const PERIODIC_BELOW_CV = 0.25;

/** Applications up to this size are in a table; the few larger ones spread evenly over the logarithm. */
const LARGE_APPLICATION = 100;

/** Part of the functions that timers trigger. */
const TIMER_SHARE = TRIGGERS.find(({ trigger }) => trigger === "timer")!.functions / 100;

/** Part of the other functions that is invoked so often that triggers have shares of invocations. */
const BUSIEST_SHARE = 1 - quantileOfRate(BUSIEST_PER_DAY);

const OTHER_TRIGGERS = TRIGGERS.filter(({ trigger }) => trigger !== "timer");
const BUSIEST_TRIGGERS = OTHER_TRIGGERS.map(({ trigger, invocations }) =>
  [trigger, invocations] as const
);
/** Such that all together have their shares of the functions. */
const USUAL_TRIGGERS = OTHER_TRIGGERS.map(({ trigger, functions }, i) => {
  const all = sum(OTHER_TRIGGERS.map((other) => other.functions));
  const busiest = BUSIEST_TRIGGERS[i][1] / sum(BUSIEST_TRIGGERS.map(([, share]) => share));
  return [trigger, Math.max(0, functions / all - BUSIEST_SHARE * busiest)] as const;
});

/**
 * Applications as the published figures of Azure Functions have them
 * (`published.ts`). Functions are those invoked at least once in the days asked
 * for, as in the files of the dataset: of a single day, fewer of those that are
 * invoked once a week. Rate, runtime and memory are independent: the paper finds
 * no strong correlation.
 */
export const PUBLISHED_POPULATION: Population = {
  description: "Made from the published distributions of Azure Functions in July 2019",
  *applications(size) {
    const rng = new Rng();
    let made = 0;
    for (let index = 0; made < size.functions; index++) {
      const application = generateApplication(rng, index, size.functions - made, size);
      made += application.functions.length;
      yield application;
    }
  },
};

function generateApplication(
  rng: Rng,
  index: number,
  most: number,
  { days, seed }: PopulationSize,
): ApplicationModel {
  const name = String(index);
  rng.seed(deriveKey(seed, "application", name), 0, 0);
  const [fewest, largest] = generateChoice(rng, APPLICATION_SIZES);
  const size = fewest > LARGE_APPLICATION
    ? Math.floor(fewest * (largest / fewest) ** rng.nextFloat())
    : fewest + rng.nextBelow(largest - fewest + 1);
  const meanMib = generateBurrXii(rng, MEMORY_BURR_C, MEMORY_BURR_K, MEMORY_BURR_LAMBDA);
  const sigma = generateBetween(rng, OWN_MEMORY_SIGMA);
  const memoryMib = roundPercentiles(spreadLogNormal(MEMORY_QUANTILES, MEMORY_Z, meanMib, sigma));
  const functions: FunctionModel[] = [];
  for (let i = 0; i < Math.min(size, most); i++) {
    functions.push(generateFunction(rng, seed, `${name}/${i}`, days));
  }
  return {
    ownerId: hash(seed, "owner", name),
    appId: hash(seed, "app", name),
    functions,
    memoryMib,
  };
}

function generateFunction(rng: Rng, seed: number, name: string, days: number): FunctionModel {
  const key = deriveKey(seed, "function", name);
  rng.seed(key, 0, 0);
  const meanMs = 1000 * generateLogNormal(rng, RUNTIME_LOG_MEAN, RUNTIME_LOG_SIGMA);
  const sigma = generateBetween(rng, OWN_RUNTIME_SIGMA);
  const load = generateLoad(rng, days);
  // Of few invocations the smallest and the largest are near each other.
  const widest = normalQuantileAtMost3(1 - 0.5 / load.invocations);
  const z = RUNTIME_Z.map((value) => Math.max(-widest, Math.min(widest, value)));
  return {
    id: hash(seed, "function", name),
    trigger: load.trigger,
    process: load.process,
    runtimeMs: roundPercentiles(spreadLogNormal(RUNTIME_QUANTILES, z, meanMs, sigma)),
    key,
  };
}

/** Trigger and invocations of a function that is invoked at least once. */
interface Load {
  readonly trigger: string;
  readonly process: MinuteProcess;
  /** Expected in the trace. */
  readonly invocations: number;
}

function generateLoad(rng: Rng, days: number): Load {
  for (;;) {
    if (rng.nextFloat() < TIMER_SHARE) return generateTimer(rng, days);
    const perDay = 10 ** interpolate(LOG_DAILY_INVOCATIONS, rng.nextFloat());
    const triggers = perDay >= BUSIEST_PER_DAY ? BUSIEST_TRIGGERS : USUAL_TRIGGERS;
    const trigger = generateChoice(rng, triggers);
    const cv = interpolate(IAT_CV, rng.nextFloat());
    const shape = generateShape(rng, perDay);
    const invocations = perDay * days;
    let process: MinuteProcess | null;
    if (cv < PERIODIC_BELOW_CV && perDay > 1) {
      process = generatePeriodic(rng, MINUTES_PER_DAY / perDay);
    } else if (invocations <= MOST_SPARSE) process = generateSparse(rng, perDay, days, cv, shape);
    else process = generateDense(rng, perDay, cv, shape);
    if (process !== null) return { trigger, process, invocations: Math.max(1, invocations) };
  }
}

function generateTimer(rng: Rng, days: number): Load {
  const periodMinutes = generateChoice(rng, TIMER_PERIODS_MINUTES);
  const process = generatePeriodic(rng, periodMinutes);
  // Timers fire at whole minutes.
  const offsetMinutes = Math.floor(process.offsetMinutes);
  return {
    trigger: "timer",
    process: { ...process, offsetMinutes },
    invocations: days * MINUTES_PER_DAY / periodMinutes,
  };
}

function generatePeriodic(rng: Rng, periodMinutes: number) {
  const offsetMinutes = rng.nextFloat() * Math.min(periodMinutes, MINUTES_PER_DAY);
  return { kind: "periodic", periodMinutes, offsetMinutes, invocations: 1 } as const;
}

/** `null` when the function is not invoked in the trace. */
function generateSparse(
  rng: Rng,
  perDay: number,
  days: number,
  gapCv: number,
  shape: LoadShape,
): MinuteProcess | null {
  const invocations = days >= OBSERVED_DAYS
    ? Math.round(perDay * days)
    : countSeen(rng, perDay, days, gapCv);
  if (invocations === 0) return null;
  return {
    kind: "sparse",
    invocations,
    times: invocations,
    gaps: { cv: gapCv },
    countSigma: 0,
    shape,
  };
}

/** How many of the invocations in the days of the rates are in a few of these days. */
function countSeen(rng: Rng, perDay: number, days: number, gapCv: number): number {
  const all = Math.round(perDay * OBSERVED_DAYS);
  // Gaps of variability c come in clusters of about (c² + 1)/2 invocations.
  const clusters = Math.max(1, Math.round(2 * all / (gapCv * gapCv + 1)));
  const seen = generateBinomial(rng, clusters, days / OBSERVED_DAYS);
  return seen === 0 ? 0 : Math.max(1, Math.round(all * seen / clusters));
}

/**
 * Poisson invocations, in spans where gaps are more variable than that: an
 * interrupted Poisson process with CV² − 1 = 2 × rate × time × (1 − on)/on.
 */
function generateDense(rng: Rng, perDay: number, cv: number, shape: LoadShape): MinuteProcess {
  const perMinute = perDay / MINUTES_PER_DAY;
  const on = 1 / (1 + Math.max(0, cv * cv - 1) / (2 * perMinute * BURST_MINUTES));
  const always = on > 0.99;
  return {
    kind: "dense",
    spanMinutes: always ? Infinity : Math.max(1, BURST_MINUTES / (1 - on)),
    gapMinutes: always ? 0 : Math.max(1, BURST_MINUTES / on),
    gaps: { cv: 1 },
    countMean: always ? perMinute : perMinute / on,
    leastCount: 0,
    countSigma: generateBetween(rng, WANDER_SIGMA),
    countCorrelation: WANDER_CORRELATION,
    shape,
  };
}

function generateShape(rng: Rng, perDay: number): LoadShape {
  const amplitude = generateBetween(rng, DIURNAL_AMPLITUDE);
  const weekend = perDay < OFTEN_PER_DAY ? WEEKEND_FACTOR.seldom : WEEKEND_FACTOR.often;
  return {
    hourly: Float64Array.from(FLAT_SHAPE.hourly, (_, hour) => {
      const angle = 2 * Math.PI * (hour + 0.5 - DIURNAL_PEAK_HOUR) / HOURS_PER_DAY;
      return 1 + amplitude * Math.cos(angle);
    }),
    daily: [1, 1, 1, 1, 1, weekend, weekend],
  };
}

/** 256 bits as 64 hexadecimal digits, as the hashes of the dataset have. */
function hash(seed: number, kind: string, name: string): string {
  return createHash("sha256").update(`${seed} ${kind} ${name}`).digest("hex");
}

/** The part of the functions that is invoked less often than so many times a day. */
function quantileOfRate(perDay: number): number {
  const value = Math.log10(perDay);
  const turned = LOG_DAILY_INVOCATIONS.map(([quantile, log]) => [log, quantile] as const);
  return interpolate(turned, value);
}

/** The standard normal quantile at `p` ≥ 0.5, at most 3: Abramowitz and Stegun, 26.2.23. */
function normalQuantileAtMost3(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.max(1 - p, 1e-5)));
  const numerator = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  const denominator = 1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3;
  return Math.max(0, Math.min(3, t - numerator / denominator));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
