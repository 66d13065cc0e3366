import { createHash } from "node:crypto";
import { LoaderError } from "../../../base/error.ts";
import { deriveKey, Rng } from "../../../base/rng.ts";
import type { SlotCounts } from "../../../model/slot_counts.ts";
import { joinKey, type Percentiles, type Trace } from "../../../model/trace.ts";
import { ascendingOrder } from "../../../stats/rank_correlation.ts";
import { FLAT_SHAPE, HOURS_PER_DAY, type LoadShape, MINUTES_PER_DAY } from "../load_shape.ts";
import type { MinuteProcess } from "../minute_process.ts";
import type { ApplicationModel, FunctionModel, Population, PopulationSize } from "../population.ts";
import { foldToMinutes, timeOfTrace, type TraceTime } from "./minute_counts.ts";
import { type FittedProcess, ProcessFitter } from "./process_fit.ts";

const DAYS_PER_WEEK = 7;

/**
 * How far a function may be from the one that it is like, as a part of all ranks:
 * near enough for the correlations of ranks, far enough not to be a copy.
 */
const RANK_WIDTH = 0.02;

/** So many hours with invocations say as much of a function's shape as all functions together do. */
const PRIOR_HOURS = 2;

/** What is kept of a function of the source. */
interface FittedFunction {
  readonly trigger: string | null;
  readonly process: FittedProcess;
  /** Invocations in a minute that has any. */
  readonly perTime: number;
  readonly shape: LoadShape;
  readonly runtimeMs: Percentiles;
  readonly memoryMib: Percentiles;
  /** Position in the order of rates, runtimes and memory, in (0, 1). */
  readonly rankOf: { perDay: number; runtimeMs: number; memoryMib: number };
}

/** A figure's values in ascending order. */
type Quantiles = Float64Array;

/**
 * Fits a population to a trace. Applications are those of the source, each once
 * in a random order before any comes a second time; a function's place in the
 * orders of rate, runtime and memory is that of a function of the source, moved a
 * little at random, and its figures are the source's at that place: so marginals
 * and rank correlations are the source's whatever their form (the empirical
 * copula, smoothed). Trigger, shape of day and week, and the parameters of how
 * its counts come about are those of the same function.
 *
 * @throws {LoaderError} `usage` when no counts of minutes can be made of the trace;
 * `input` when no function is invoked in it
 *
 * @example
 * ```ts
 * import { synthesizeTrace } from "../synthesize.ts";
 * import { fitPopulation } from "./fitted_population.ts";
 * const source = synthesizeTrace({ functions: 50, seed: 1 });
 * const population = fitPopulation(source);
 * const trace = synthesizeTrace({ functions: 200, seed: 2, population });
 * if (trace.functions.length !== 200) throw new Error("four times as many");
 * ```
 */
export function fitPopulation(source: Trace): Population {
  const time = timeOfTrace(source);
  const invoked = source.functions.filter(({ invocationsPerSlot }) => invocationsPerSlot.total > 0);
  if (invoked.length === 0) {
    throw new LoaderError(
      "input",
      `No function of the trace ${source.name} is invoked; there is nothing to be like.`,
    );
  }
  const counts = invoked.map(({ invocationsPerSlot }) =>
    foldToMinutes(invocationsPerSlot, source.slotMs, time.minutes)
  );
  const common = measureCommonShape(counts, time);
  const fitter = new ProcessFitter(time);
  const perDay = Float64Array.from(counts, ({ total }) => total / time.days);
  const runtimeMs = Float64Array.from(invoked, (profile) => profile.runtimeMs.mean);
  const memoryMib = Float64Array.from(invoked, (profile) => profile.memoryMib.mean);
  const ranks = [perDay, runtimeMs, memoryMib].map(ranksOf);
  const applications = new Map<string, FittedFunction[]>();
  for (const [i, profile] of invoked.entries()) {
    const shape = measureShape(counts[i], time, common);
    const appKey = joinKey([profile.ownerId, profile.appId]);
    const functions = applications.get(appKey) ?? [];
    applications.set(appKey, functions);
    functions.push({
      trigger: profile.trigger,
      perTime: counts[i].total / counts[i].nonZero,
      process: fitter.fit(counts[i], asOfSource(shape, time)),
      shape,
      runtimeMs: profile.runtimeMs,
      memoryMib: profile.memoryMib,
      rankOf: { perDay: ranks[0][i], runtimeMs: ranks[1][i], memoryMib: ranks[2][i] },
    });
  }
  return new FittedPopulation(
    source,
    [...applications.values()],
    perDay.toSorted(),
    runtimeMs.toSorted(),
    memoryMib.toSorted(),
  );
}

class FittedPopulation implements Population {
  readonly description: string;
  readonly #applications: readonly (readonly FittedFunction[])[];
  readonly #perDay: Quantiles;
  readonly #runtimeMs: Quantiles;
  readonly #memoryMib: Quantiles;

  constructor(
    source: Trace,
    applications: readonly (readonly FittedFunction[])[],
    perDay: Quantiles,
    runtimeMs: Quantiles,
    memoryMib: Quantiles,
  ) {
    this.description = `Fitted to the trace ${source.name} (${source.hash.slice(0, 12)})`;
    this.#applications = applications;
    this.#perDay = perDay;
    this.#runtimeMs = runtimeMs;
    this.#memoryMib = memoryMib;
  }

  *applications(size: PopulationSize): Iterable<ApplicationModel> {
    const rng = new Rng();
    const order = Uint32Array.from(this.#applications.keys());
    let made = 0;
    for (let index = 0; made < size.functions; index++) {
      const place = index % order.length;
      if (place === 0) shuffle(order, Rng.fromSeed(size.seed, "order", String(index)));
      const like = this.#applications[order[place]];
      const application = this.#generate(rng, index, like, size.functions - made, size);
      made += application.functions.length;
      yield application;
    }
  }

  #generate(
    rng: Rng,
    index: number,
    like: readonly FittedFunction[],
    most: number,
    { seed, days }: PopulationSize,
  ): ApplicationModel {
    const name = String(index);
    const functions: FunctionModel[] = [];
    for (const [i, other] of like.slice(0, most).entries()) {
      const key = deriveKey(seed, "like", `${name}/${i}`);
      rng.seed(key, 0, 0);
      const perDay = quantileAt(this.#perDay, move(rng, other.rankOf.perDay));
      const meanMs = quantileAt(this.#runtimeMs, move(rng, other.rankOf.runtimeMs));
      functions.push({
        id: hash(seed, "function", `${name}/${i}`),
        trigger: other.trigger,
        process: generateProcess(rng, other, perDay, days),
        runtimeMs: scale(other.runtimeMs, meanMs),
        key,
      });
    }
    // One move for all functions of an application, which share its memory.
    rng.seed(deriveKey(seed, "memory", name), 0, 0);
    const meanMib = quantileAt(this.#memoryMib, move(rng, like[0].rankOf.memoryMib));
    return {
      ownerId: hash(seed, "owner", name),
      appId: hash(seed, "app", name),
      functions,
      memoryMib: scale(like[0].memoryMib, meanMib * functions.length),
    };
  }
}

function generateProcess(
  rng: Rng,
  { process, perTime, shape }: FittedFunction,
  perDay: number,
  days: number,
): MinuteProcess {
  if (process.kind === "periodic") {
    const { periodMinutes } = process;
    const offsetMinutes = rng.nextFloat() * Math.min(periodMinutes, days * MINUTES_PER_DAY);
    // A timer keeps its period; who is invoked in each minute has the rate.
    return periodMinutes > 1
      ? { ...process, offsetMinutes: Math.floor(offsetMinutes) }
      : { ...process, periodMinutes: MINUTES_PER_DAY / perDay, offsetMinutes };
  }
  if (process.kind === "sparse") {
    const invocations = Math.max(1, Math.round(perDay * days));
    const minutes = Math.max(1, invocations / perTime);
    const perSpan = process.spans.reduce((sum, span) => sum + span, 0) / process.spans.length;
    const times = Math.max(1, Math.min(invocations, Math.round(minutes / perSpan)));
    return { ...process, invocations, times, shape };
  }
  const { spanMinutes, gapMinutes } = process;
  const share = gapMinutes === 0 ? 1 : spanMinutes / (spanMinutes + gapMinutes);
  return {
    ...process,
    countMean: perDay / MINUTES_PER_DAY / share,
    leastCount: gapMinutes === 0 ? 0 : 1,
    shape,
  };
}

/** Invocations by hour of the day and day of the week of all functions, each counting alike. */
interface CommonShape {
  readonly hourly: Float64Array;
  readonly daily: Float64Array;
}

/** Minutes of the trace in each hour of the day, and on each day of the week. */
function coverageOf({ minutes, startMinute, weekday }: TraceTime): CommonShape {
  const hourly = new Float64Array(HOURS_PER_DAY);
  const daily = new Float64Array(DAYS_PER_WEEK);
  for (let minute = startMinute; minute < startMinute + minutes; minute++) {
    hourly[Math.floor(minute / 60) % HOURS_PER_DAY]++;
    daily[(weekday + Math.floor(minute / MINUTES_PER_DAY)) % DAYS_PER_WEEK]++;
  }
  return { hourly, daily };
}

/** Counts of a function by hour of the day and day of the week. */
function histogramOf(counts: SlotCounts, { startMinute, weekday }: TraceTime): CommonShape {
  const hourly = new Float64Array(HOURS_PER_DAY);
  const daily = new Float64Array(DAYS_PER_WEEK);
  counts.forEach((slot, count) => {
    const minute = startMinute + slot;
    hourly[Math.floor(minute / 60) % HOURS_PER_DAY] += count;
    daily[(weekday + Math.floor(minute / MINUTES_PER_DAY)) % DAYS_PER_WEEK] += count;
  });
  return { hourly, daily };
}

/** Rate ÷ mean rate of the hours or days that the trace has; 1 of the others. */
function factorsOf(counts: Float64Array, minutes: Float64Array): Float64Array {
  const mean = sumOf(counts) / sumOf(minutes);
  return counts.map((count, i) => minutes[i] === 0 ? 1 : count / minutes[i] / mean);
}

function measureCommonShape(all: readonly SlotCounts[], time: TraceTime): CommonShape {
  const coverage = coverageOf(time);
  const hourly = new Float64Array(HOURS_PER_DAY);
  const daily = new Float64Array(DAYS_PER_WEEK);
  for (const counts of all) {
    const own = histogramOf(counts, time);
    factorsOf(own.hourly, coverage.hourly).forEach((factor, i) => hourly[i] += factor / all.length);
    factorsOf(own.daily, coverage.daily).forEach((factor, i) => daily[i] += factor / all.length);
  }
  return { hourly, daily };
}

/**
 * How far a function's invocations tell its shape, from 0 to 1. What is concentrated
 * in a few hours of one day may as well be a burst, which comes at any time; hours
 * of many days are a habit.
 */
function weightOfShape(counts: SlotCounts, { startMinute, minutes }: TraceTime): number {
  const hours = new Set<number>();
  let cells = 0;
  let last = -1;
  counts.forEach((slot) => {
    const cell = Math.floor((startMinute + slot) / 60);
    if (cell === last) return;
    last = cell;
    cells++;
    hours.add(cell % HOURS_PER_DAY);
  });
  const daysPerHour = cells / hours.size;
  const share = Math.min(1, cells / (minutes / 60));
  return cells / (cells + PRIOR_HOURS) * (1 - (1 - share) / daysPerHour);
}

/** A function's own shape, as far as it is invoked often enough to have one, else the common one. */
function measureShape(counts: SlotCounts, time: TraceTime, common: CommonShape): LoadShape {
  const coverage = coverageOf(time);
  const own = histogramOf(counts, time);
  const weight = weightOfShape(counts, time);
  const mix = (factors: Float64Array, others: Float64Array) =>
    Float32Array.from(factors, (factor, i) => weight * factor + (1 - weight) * others[i]);
  const daily = time.days < 2
    ? FLAT_SHAPE.daily
    : mix(factorsOf(own.daily, coverage.daily), common.daily);
  return { hourly: mix(factorsOf(own.hourly, coverage.hourly), common.hourly), daily };
}

/** The shape with the days of the week from the first one of the source on. */
function asOfSource({ hourly, daily }: LoadShape, { weekday }: TraceTime): LoadShape {
  return {
    hourly,
    daily: Float64Array.from(
      FLAT_SHAPE.daily,
      (_, day) => daily[(weekday + day) % DAYS_PER_WEEK],
    ),
  };
}

/** Where each value stands in the order of all, in (0, 1); equal ones side by side. */
function ranksOf(values: Float64Array): Float64Array {
  const ranks = new Float64Array(values.length);
  ascendingOrder(values).forEach((i, rank) => ranks[i] = (rank + 0.5) / values.length);
  return ranks;
}

/** A place near another one; what would be beyond an end is turned back there. */
function move(rng: Rng, rank: number): number {
  const moved = Math.abs(rank + RANK_WIDTH * (rng.nextFloat() - 0.5));
  return moved <= 1 ? moved : 2 - moved;
}

/** The value at a place in (0, 1), linear between the values at (i + 1/2)/n. */
function quantileAt(sorted: Quantiles, place: number): number {
  const position = Math.min(sorted.length - 1, Math.max(0, place * sorted.length - 0.5));
  const below = Math.floor(position);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** The distribution stretched to another mean. */
function scale({ quantiles, values, mean }: Percentiles, to: number): Percentiles {
  const factor = mean > 0 ? to / mean : 1;
  return { quantiles, values: values.map((value) => value * factor), mean: mean * factor };
}

function shuffle(order: Uint32Array, rng: Rng): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = rng.nextBelow(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** 256 bits as 64 hexadecimal digits, as the hashes of the dataset have. */
function hash(seed: number, kind: string, name: string): string {
  return createHash("sha256").update(`${seed} like ${kind} ${name}`).digest("hex");
}
