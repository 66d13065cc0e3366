import { LoaderError } from "../../base/error.ts";
import type { FunctionProfile, Percentiles, Trace } from "../../model/trace.ts";
import { MAX_COUNT, SlotCountsBuilder } from "../../model/slot_counts.ts";
import { WeightedSketch } from "../../stats/weighted_sketch.ts";
import {
  assumeFigures,
  constantPercentiles,
  describeAssumedMemory,
  describeAssumedRuntime,
} from "../assumed.ts";
import { MEMORY_QUANTILES, RUNTIME_QUANTILES } from "../published_figures.ts";
import type { TraceReading } from "../format.ts";
import { type DefectClass, LEFT_OUT } from "../repair_log.ts";
import type { ChosenDays } from "./day_files.ts";
import { SeriesFile, type SeriesGrid, type SeriesRow } from "./series_file.ts";

const DAY_S = 86_400;

/** A time series with a file for each day. */
export interface SeriesMetric {
  readonly files: ReadonlyMap<number, string>;
  /** Seconds from one row to the next. */
  readonly stepS: number;
}

/** A figure of the invocations in a slot that follows from one series or several. */
export interface SeriesFigure {
  readonly metrics: readonly SeriesMetric[];
  /** Which share of the slot's invocations it stands for. */
  readonly share: number;
  /** What the values of the series come to; `NaN`: not known. */
  derive(values: readonly number[]): number;
}

/** Who a column of a series is. */
export interface SeriesFunction {
  readonly id: string;
  readonly appId: string;
  readonly ownerId: string;
  readonly trigger: string | null;
  /** Most memory of an instance, where the name tells. */
  readonly memoryLimitMib: number | null;
}

/** Time series that make a trace. */
export interface SeriesTrace {
  readonly name: string;
  readonly requests: SeriesMetric;
  /** Runtimes in ms; none: they are assumed. */
  readonly runtimeMs: readonly SeriesFigure[];
  /** Memory in MiB; none: the limit where the name tells it, else it is assumed. */
  readonly memoryMib: readonly SeriesFigure[];
  /** @throws Error whose message is a sentence, when it is no name of a function */
  identify(name: string): SeriesFunction;
  /** Sentences about units and the like. */
  readonly assumptions: readonly string[];
}

const UNKNOWN_COUNT: DefectClass = {
  defect: "slot of a function of which nothing is known (NaN)",
  repair: "no invocations taken",
  severity: "loss",
};
const UNKNOWN_FUNCTION: DefectClass = {
  defect: "function of which nothing is known on the chosen days",
  repair: LEFT_OUT,
  severity: "loss",
};
const MISSING_DAY: DefectClass = {
  defect: "day without a file",
  repair: "no invocations taken",
  severity: "loss",
};
const MISSING_SLOT: DefectClass = {
  defect: "instant without a row",
  repair: "no invocations taken",
  severity: "loss",
};
const WITHOUT_RUNTIME: DefectClass = {
  defect: "function without a known runtime",
  repair: "runtime assumed as for data sets that have none",
  severity: "approximate",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without a known memory",
  repair: "its limit taken, or memory assumed as for data sets that have none",
  severity: "approximate",
};

/** What is collected of a function while the days are read. */
interface Collected {
  readonly name: string;
  readonly who: SeriesFunction;
  readonly counts: SlotCountsBuilder;
  readonly runtimeMs: WeightedSketch;
  readonly memoryMib: WeightedSketch;
  known: number;
  unknown: number;
}

/**
 * Reads a trace from time series, day after day and row by row. Nothing known is not
 * nothing: such slots are counted as a loss, and have no invocations.
 *
 * @throws LoaderError `input` when something in the files is wrong, or no function is left
 */
export async function readSeriesTrace(
  series: SeriesTrace,
  days: ChosenDays,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const { stepS } = series.requests;
  const slotsPerDay = DAY_S / stepS;
  const slots = (days.last - days.first + 1) * slotsPerDay;
  const collected = new Map<string, Collected>();
  for (let day = days.first; day <= days.last; day++) {
    const file = series.requests.files.get(day);
    if (file === undefined) {
      reading.repairs.add(MISSING_DAY, { value: `day ${day}` });
      continue;
    }
    await readDay(series, file, day, (day - days.first) * slotsPerDay, collected, reading);
  }
  const anyFile = series.requests.files.get(days.first) ?? series.name;
  const functions = makeProfiles(series, [...collected.values()], slots, anyFile, reading);
  if (functions.length === 0) {
    throw new LoaderError(
      "input",
      `No functions are left: nothing is known of any of the ${collected.size} on the chosen days.`,
      { file: anyFile },
    );
  }
  return {
    name: `${series.name}/${nameDays(days)}`,
    slotMs: stepS * 1000,
    slots,
    functions,
    notes: days.notes,
    assumptions: [
      ...series.assumptions,
      ...series.runtimeMs.length === 0 ? [describeAssumedRuntime(reading.assume)] : [],
      ...series.memoryMib.length === 0 ? [describeMemory(functions, collected, reading)] : [],
    ],
  };
}

function nameDays({ first, last }: ChosenDays): string {
  return first === last ? `day ${first}` : `days ${first}..${last}`;
}

function describeMemory(
  functions: readonly FunctionProfile[],
  collected: ReadonlyMap<string, Collected>,
  reading: TraceReading,
): string {
  const limited = [...collected.values()].some(({ who }) => who.memoryLimitMib !== null);
  return limited && functions.length > 0 && reading.assume.memory.kind === "azure2019"
    ? "Memory used is not in the files read: the limit in the name of each function's pool is taken " +
      "(MB read as MiB; --assume-memory)."
    : describeAssumedMemory(reading.assume);
}

async function readDay(
  series: SeriesTrace,
  file: string,
  day: number,
  firstSlot: number,
  collected: Map<string, Collected>,
  reading: TraceReading,
): Promise<void> {
  const { stepS } = series.requests;
  await using requests = await SeriesFile.open(file, { day, stepS }, reading);
  const functions = requests.functions.map((name) => {
    const known = collected.get(name);
    if (known !== undefined) return known;
    const fresh = collect(name, series, file);
    collected.set(name, fresh);
    return fresh;
  });
  const counts = new DayCounts(stepS, functions.length);
  let expectedS = 0;
  const tellMissing = (untilS: number) => {
    const missing = (untilS - expectedS) / stepS;
    if (missing <= 0) return;
    const value = `day ${day}, ${missing} from second ${expectedS}`;
    reading.repairs.add(MISSING_SLOT, { file, value }, missing);
  };
  await requests.forEachRow((row) => {
    tellMissing(row.timeOfDayS);
    expectedS = row.timeOfDayS + stepS;
    const slot = row.timeOfDayS / stepS;
    for (let column = 0; column < functions.length; column++) {
      const count = row.value(column);
      const one = functions[column];
      if (Number.isNaN(count)) {
        one.unknown++;
        continue;
      }
      one.known++;
      if (count === 0) continue;
      checkCount(count, row, column);
      one.counts.add(firstSlot + slot, count);
      counts.set(slot, column, count);
    }
  });
  tellMissing(DAY_S);
  for (const figure of series.runtimeMs) {
    await addFigure(figure, day, requests, counts, reading, (column, value, weight) => {
      functions[column].runtimeMs.add(value, weight);
    });
  }
  for (const figure of series.memoryMib) {
    await addFigure(figure, day, requests, counts, reading, (column, value, weight) => {
      functions[column].memoryMib.add(value, weight);
    });
  }
}

/** Requests of one day, by slot and column. */
class DayCounts {
  readonly stepS: number;
  readonly columns: number;
  readonly #counts: Uint32Array;

  constructor(stepS: number, columns: number) {
    this.stepS = stepS;
    this.columns = columns;
    this.#counts = new Uint32Array(DAY_S / stepS * columns);
  }

  set(slot: number, column: number, count: number): void {
    this.#counts[slot * this.columns + column] = count;
  }

  /** Requests of a column from a second of the day on, for so many seconds. */
  sum(fromS: number, lengthS: number, column: number): number {
    const { stepS, columns } = this;
    let sum = 0;
    for (let timeS = fromS; timeS < fromS + lengthS; timeS += stepS) {
      sum += this.#counts[timeS / stepS * columns + column];
    }
    return sum;
  }
}

/** Adds what is known of a figure on a day, weighted by the requests that it was observed with. */
async function addFigure(
  figure: SeriesFigure,
  day: number,
  requests: SeriesFile,
  counts: DayCounts,
  reading: TraceReading,
  add: (column: number, value: number, weight: number) => void,
): Promise<void> {
  const files = figure.metrics.flatMap(({ files, stepS }) => {
    const file = files.get(day);
    return file === undefined ? [] : [{ file, stepS }];
  });
  if (files.length < figure.metrics.length) return;
  // All but the last are kept, then the last is read beside them.
  const before: DayValues[] = [];
  for (const { file, stepS } of files.slice(0, -1)) {
    before.push(await readDayValues(file, { day, stepS }, requests.functions, reading));
  }
  const last = files[files.length - 1];
  const values: number[] = [];
  await using series = await SeriesFile.open(last.file, { day, stepS: last.stepS }, reading);
  const columns = columnsOf(series, requests.functions);
  await series.forEachRow((row) => {
    for (let column = 0; column < columns.length; column++) {
      if (columns[column] < 0) continue;
      const weight = counts.sum(row.timeOfDayS, last.stepS, column);
      if (weight === 0) continue;
      for (let i = 0; i < before.length; i++) {
        values[i] = before[i].valueAt(row.timeOfDayS, column);
      }
      values[before.length] = row.value(columns[column]);
      const value = figure.derive(values);
      if (Number.isFinite(value)) add(column, value, weight * figure.share);
    }
  });
}

/** The values of a metric on one day, by instant and function. */
interface DayValues {
  /** What covers a second of the day; `NaN`: nothing known. */
  valueAt(timeOfDayS: number, column: number): number;
}

async function readDayValues(
  file: string,
  grid: SeriesGrid,
  functions: readonly string[],
  reading: TraceReading,
): Promise<DayValues> {
  const values = new Float64Array(DAY_S / grid.stepS * functions.length).fill(NaN);
  await using series = await SeriesFile.open(file, grid, reading);
  const columns = columnsOf(series, functions);
  await series.forEachRow((row) => {
    const offset = row.timeOfDayS / grid.stepS * functions.length;
    for (let column = 0; column < columns.length; column++) {
      if (columns[column] >= 0) values[offset + column] = row.value(columns[column]);
    }
  });
  return {
    valueAt: (timeOfDayS, column) =>
      values[Math.floor(timeOfDayS / grid.stepS) * functions.length + column],
  };
}

/** Column of each function in a file, −1 where the file does not have it. */
function columnsOf(series: SeriesFile, functions: readonly string[]): Int32Array {
  const columnOf = new Map(series.functions.map((name, column) => [name, column]));
  return Int32Array.from(functions, (name) => columnOf.get(name) ?? -1);
}

function collect(name: string, series: SeriesTrace, file: string): Collected {
  let who: SeriesFunction;
  try {
    who = series.identify(name);
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    throw new LoaderError("input", sentence, { file, line: 1, column: name, value: name });
  }
  return {
    name,
    who,
    counts: new SlotCountsBuilder(),
    runtimeMs: new WeightedSketch(),
    memoryMib: new WeightedSketch(),
    known: 0,
    unknown: 0,
  };
}

function checkCount(count: number, row: SeriesRow, column: number): void {
  if (Number.isInteger(count) && count <= MAX_COUNT) return;
  throw new LoaderError(
    "input",
    `Expected a whole number of requests from 0 to ${MAX_COUNT}, got ${count}; are these the files ` +
      "of another metric?",
    { ...row.place(column), value: count },
  );
}

function makeProfiles(
  series: SeriesTrace,
  collected: readonly Collected[],
  slots: number,
  file: string,
  { repairs, assume }: TraceReading,
): FunctionProfile[] {
  const figures = assumeFigures(assume);
  const profiles: FunctionProfile[] = [];
  for (const one of collected) {
    const { name, who } = one;
    const counts = one.counts.finish(slots);
    if (one.known === 0) {
      repairs.add(UNKNOWN_FUNCTION, { file, value: name });
      continue;
    }
    if (one.unknown > 0) {
      const value = `${name} in ${one.unknown} of ${one.known + one.unknown} slots`;
      repairs.add(UNKNOWN_COUNT, { file, value }, one.unknown);
    }
    const isAsked = counts.total > 0;
    if (isAsked && series.runtimeMs.length > 0 && one.runtimeMs.weight === 0) {
      repairs.add(WITHOUT_RUNTIME, { file, value: name });
    }
    if (isAsked && series.memoryMib.length > 0 && one.memoryMib.weight === 0) {
      repairs.add(WITHOUT_MEMORY, { file, value: name });
    }
    const { memoryLimitMib, ...ids } = who;
    const key = `${who.ownerId}/${who.appId}/${who.id}`;
    profiles.push({
      ...ids,
      invocationsPerSlot: counts,
      runtimeMs: percentilesOf(one.runtimeMs, RUNTIME_QUANTILES) ?? figures.runtimeMs(key),
      memoryMib: percentilesOf(one.memoryMib, MEMORY_QUANTILES) ??
        (memoryLimitMib === null || assume.memory.kind === "fixed"
          ? figures.memoryMib(key)
          : constantPercentiles(MEMORY_QUANTILES, memoryLimitMib)),
    });
  }
  return profiles;
}

function percentilesOf(sketch: WeightedSketch, quantiles: readonly number[]): Percentiles | null {
  if (sketch.weight === 0) return null;
  return { quantiles, values: sketch.quantiles(quantiles), mean: sketch.mean };
}
