import { createHash } from "node:crypto";
import { LoaderError } from "../../base/error.ts";
import { SlotCountsBuilder } from "../../model/slot_counts.ts";
import {
  functionKey,
  type FunctionProfile,
  type Percentiles,
  type Trace,
} from "../../model/trace.ts";
import { fitPopulation } from "./fit/fitted_population.ts";
import { MINUTES_PER_DAY, TraceShape } from "./load_shape.ts";
import { DayGenerator } from "./minute_process.ts";
import type { Population, PopulationSize } from "./population.ts";
import { PUBLISHED_POPULATION } from "./published_population.ts";

const MINUTE_MS = 60_000;

/** Options of {@linkcode synthesizeTrace}. */
export interface SynthesizeOptions {
  /** How many, each invoked at least once. */
  readonly functions: number;
  /** Length of the trace in days of 1440 minutes; the first one is a Monday. 1 by default. */
  readonly days?: number;
  /** Root of all random numbers; 42 by default. */
  readonly seed?: number;
  /** Trace that it is to be like; the published distributions of Azure Functions by default. */
  readonly like?: Trace;
  /** The same, fitted already; see {@linkcode fitPopulation}. */
  readonly population?: Population;
}

/**
 * Makes a trace of any number of functions and days: applications, triggers,
 * counts of each minute, runtimes and memory. They are like those of Azure Functions
 * in July 2019 (`published.ts` has each figure and its source), or like those of a
 * given trace ({@linkcode fitPopulation} says in what). The same options give the same trace; a trace of more functions
 * begins with those of fewer, but that the last application is cut, and so the
 * parts of its memory are larger.
 *
 * @throws {LoaderError} `usage` when functions or days are not whole numbers from 1 on,
 * or the given trace has slots of which no minutes can be made
 *
 * @example
 * ```ts
 * import { synthesizeTrace } from "./synthesize.ts";
 * const trace = synthesizeTrace({ functions: 20, seed: 7 });
 * if (trace.functions.length !== 20 || trace.slots !== 1440) throw new Error("a day of 20");
 * if (trace.functions.some((f) => f.invocationsPerSlot.total === 0)) throw new Error("idle");
 * const larger = synthesizeTrace({ functions: 60, like: trace });
 * if (larger.functions.length !== 60) throw new Error("three times as many, like these");
 * ```
 */
export function synthesizeTrace(options: SynthesizeOptions): Trace {
  const population = populationOf(options);
  const size = settleSize(options);
  const generator = new DayGenerator(new TraceShape(size.days));
  const counts = new Uint32Array(MINUTES_PER_DAY);
  const builder = new SlotCountsBuilder();
  const functions: FunctionProfile[] = [];
  const hash = createHash("sha256");
  for (const application of population.applications(size)) {
    const { ownerId, appId } = application;
    const memoryMib = divide(application.memoryMib, application.functions.length);
    for (const { id, trigger, process, runtimeMs, key } of application.functions) {
      for (let day = 0; day < size.days; day++) {
        generator.generate(process, key, day, counts);
        for (let minute = 0; minute < MINUTES_PER_DAY; minute++) {
          builder.add(day * MINUTES_PER_DAY + minute, counts[minute]);
        }
        hash.update(counts);
      }
      const invocationsPerSlot = builder.finish(size.days * MINUTES_PER_DAY);
      const profile = { id, appId, ownerId, trigger, invocationsPerSlot, runtimeMs, memoryMib };
      hash.update(JSON.stringify([functionKey(profile), trigger, runtimeMs, memoryMib]));
      functions.push(profile);
    }
  }
  return {
    name: `synthetic_${size.functions}`,
    slotMs: MINUTE_MS,
    slots: size.days * MINUTES_PER_DAY,
    functions,
    repairs: [],
    hash: hash.digest("hex"),
    notes: [describeSynthesis(population, size)],
  };
}

/** What the functions of a trace are to be like. */
export function populationOf({ like, population }: SynthesizeOptions): Population {
  return population ?? (like === undefined ? PUBLISHED_POPULATION : fitPopulation(like));
}

/** Sentence that says how a trace was made. */
export function describeSynthesis(population: Population, size: PopulationSize): string {
  return `${population.description}: ${size.functions} functions, ${size.days} days, ` +
    `seed ${size.seed}; nothing of it was recorded anywhere.`;
}

/**
 * Fills up and checks the size of a trace.
 *
 * @throws {LoaderError} `usage` when a number is not whole, or too small
 */
export function settleSize(
  { functions, days = 1, seed = 42 }: Partial<PopulationSize> & Pick<PopulationSize, "functions">,
): PopulationSize {
  for (
    const [name, value, least] of [["functions", functions, 1], ["days", days, 1], [
      "seed",
      seed,
      0,
    ]] as const
  ) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new LoaderError(
      "usage",
      `A trace cannot be made with ${name} = ${value}; give a whole number from ${least} on.`,
      { value },
    );
  }
  return { functions, days, seed };
}

/** Each function of an application has the same part of its memory. */
function divide({ quantiles, values, mean }: Percentiles, functions: number): Percentiles {
  return { quantiles, values: values.map((value) => value / functions), mean: mean / functions };
}
