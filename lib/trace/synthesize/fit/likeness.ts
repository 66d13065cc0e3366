import { Rng } from "../../../base/rng.ts";
import { SlotCountsBuilder } from "../../../model/slot_counts.ts";
import type { Trace } from "../../../model/trace.ts";
import { kolmogorovSmirnovDistance } from "../../../stats/goodness_of_fit.ts";
import { quantile } from "../../../stats/quantile.ts";
import { rankCorrelation } from "../../../stats/rank_correlation.ts";
import { wassersteinDistance } from "../../../stats/wasserstein.ts";
import { HOURS_PER_DAY, MINUTES_PER_DAY, TraceShape } from "../load_shape.ts";
import { DayGenerator } from "../minute_process.ts";
import type { Population, PopulationSize } from "../population.ts";
import { timeOfTrace } from "./minute_counts.ts";
import { CountMeter, type FunctionMeasure, LAGS_MINUTES, measureTrace } from "./measure.ts";

/** How far a made trace is from its source in one respect. */
export interface LikenessFigure {
  readonly figure: string;
  /** How the distance is measured, with its unit. */
  readonly distance: string;
  /** Between the source and the made trace. */
  readonly reached: number;
  /** Mean of the distances between two halves of the source. */
  readonly betweenHalves: number;
  /** Nineteen of twenty pairs of halves are nearer than this. */
  readonly betweenHalves95: number;
}

/** How like its source a made trace is; stored beside it. */
export interface Likeness {
  readonly source: {
    readonly name: string;
    readonly hash: string;
    readonly functions: number;
    readonly minutes: number;
  };
  readonly made: PopulationSize;
  /** How many pairs of halves were drawn. */
  readonly pairsOfHalves: number;
  readonly figures: readonly LikenessFigure[];
}

const PAIRS_OF_HALVES = 40;
const HALVES_QUANTILE = 0.95;
const FIGURE_DIGITS = 6;

/** A respect in which traces are compared. */
interface Comparison {
  readonly figure: string;
  readonly distance: string;
  /** A shorter source tells nothing of it; any length by default. */
  readonly leastMinutes?: number;
  /** `null`: too little is known of one of them. */
  readonly measure: (
    u: readonly FunctionMeasure[],
    v: readonly FunctionMeasure[],
  ) => number | null;
}

const MARGINALS = [
  ["invocations a day", ({ perDay }: FunctionMeasure) => perDay],
  ["mean runtime", ({ runtimeMs }: FunctionMeasure) => runtimeMs],
  ["mean memory", ({ memoryMib }: FunctionMeasure) => memoryMib],
] as const;

const COMPARISONS: readonly Comparison[] = [
  ...MARGINALS.flatMap(([figure, of]): Comparison[] => [
    {
      figure,
      distance: "Wasserstein, in powers of ten",
      measure: (u, v) => wassersteinDistance(logsOf(u, of), logsOf(v, of)),
    },
    {
      figure,
      distance: "Kolmogorov-Smirnov",
      measure: (u, v) => kolmogorovSmirnovDistance(u.map(of), v.map(of)),
    },
  ]),
  ...[[0, 1], [0, 2], [1, 2]].map(([i, j]): Comparison => ({
    figure: `${MARGINALS[i][0]} and ${MARGINALS[j][0]}`,
    distance: "difference of rank correlations",
    measure: (u, v) => {
      const correlation = (all: readonly FunctionMeasure[]) =>
        rankCorrelation(all.map(MARGINALS[i][1]), all.map(MARGINALS[j][1])) ?? 0;
      return Math.abs(correlation(u) - correlation(v));
    },
  })),
  {
    figure: "share of minutes with invocations",
    distance: "Kolmogorov-Smirnov",
    measure: (u, v) =>
      kolmogorovSmirnovDistance(
        u.map(({ activeShare }) => activeShare),
        v.map(({ activeShare }) => activeShare),
      ),
  },
  {
    figure: "variance ÷ mean of the counts of minutes",
    distance: "Wasserstein, in powers of ten",
    measure: (u, v) => {
      const of = ({ dispersion }: FunctionMeasure) => dispersion ?? 0;
      const [a, b] = [u, v].map((all) => all.filter(({ dispersion }) => dispersion !== null));
      return distanceOrNull(logsOf(a, of), logsOf(b, of));
    },
  },
  ...LAGS_MINUTES.map((lag, i): Comparison => ({
    figure: `autocorrelation of the counts over ${lag} min`,
    distance: "Wasserstein",
    leastMinutes: 4 * lag,
    measure: (u, v) => {
      const [a, b] = [u, v].map((all) =>
        all.flatMap(({ autocorrelation }) => autocorrelation === null ? [] : [autocorrelation[i]])
      );
      return distanceOrNull(a, b);
    },
  })),
  {
    figure: "shape of the day, each function counting alike",
    distance: "root mean square of the hours' differences, of the mean",
    leastMinutes: MINUTES_PER_DAY,
    measure: (u, v) => shapeDifference(u, v, ({ invocations }) => 1 / invocations),
  },
  {
    figure: "shape of the day of the load",
    distance: "root mean square of the hours' differences, of the mean",
    leastMinutes: MINUTES_PER_DAY,
    measure: (u, v) => shapeDifference(u, v, () => 1),
  },
  {
    figure: "periodic, irregular and bursty functions",
    distance: "difference of shares, summed up and halved",
    measure: (u, v) => shareDifference(u, v, ({ periodicity }) => periodicity),
  },
  {
    figure: "triggers",
    distance: "difference of shares, summed up and halved",
    measure: (u, v) => shareDifference(u, v, ({ trigger }) => trigger ?? ""),
  },
];

/**
 * Compares a trace that a population makes with the trace that it is to be like.
 * So that the distances mean something, those between two halves of the source
 * stand beside them: each half is drawn from its applications with replacement.
 * What the source is too short for is left out.
 *
 * @throws {LoaderError} `usage` when no counts of minutes can be made of the source
 */
export function compareWithSource(
  source: Trace,
  population: Population,
  size: PopulationSize,
): Likeness {
  const original = measureTrace(source);
  const made = measurePopulation(population, size);
  const halves = drawHalves(original, Rng.fromSeed(size.seed, "halves"));
  const { minutes } = timeOfTrace(source);
  const figures = COMPARISONS.flatMap(({ figure, distance, leastMinutes = 0, measure }) => {
    const reached = minutes < leastMinutes ? null : measure(original, made);
    if (reached === null) return [];
    const spread = halves.map(([u, v]) => measure(u, v)).filter((value) => value !== null)
      .sort((a, b) => a - b);
    if (spread.length === 0) return [];
    return [{
      figure,
      distance,
      reached: round(reached),
      betweenHalves: round(spread.reduce((sum, value) => sum + value, 0) / spread.length),
      betweenHalves95: round(quantile(spread, HALVES_QUANTILE)!),
    }];
  });
  return {
    source: {
      name: source.name,
      hash: source.hash,
      functions: original.length,
      minutes,
    },
    made: size,
    pairsOfHalves: PAIRS_OF_HALVES,
    figures,
  };
}

/** A line for each figure, for people. */
export function describeLikeness({ figures }: Likeness): string[] {
  return figures.map(({ figure, distance, reached, betweenHalves, betweenHalves95 }) =>
    `${figure}: ${reached.toPrecision(3)} (${distance}); halves of the source: ` +
    `${betweenHalves.toPrecision(3)}, up to ${betweenHalves95.toPrecision(3)}`
  );
}

function measurePopulation(population: Population, size: PopulationSize): FunctionMeasure[] {
  const minutes = size.days * MINUTES_PER_DAY;
  const meter = new CountMeter({ minutes, days: size.days, startMinute: 0, weekday: 0 });
  const generator = new DayGenerator(new TraceShape(size.days));
  const builder = new SlotCountsBuilder();
  const day = new Uint32Array(MINUTES_PER_DAY);
  const measures: FunctionMeasure[] = [];
  for (const { appId, memoryMib, functions } of population.applications(size)) {
    const share = { ...memoryMib, mean: memoryMib.mean / functions.length };
    for (const { trigger, process, runtimeMs, key } of functions) {
      for (let i = 0; i < size.days; i++) {
        generator.generate(process, key, i, day);
        day.forEach((count, minute) => builder.add(i * MINUTES_PER_DAY + minute, count));
      }
      const profile = { appId, trigger, runtimeMs, memoryMib: share };
      measures.push(meter.measure(profile, builder.finish(minutes)));
    }
  }
  return measures;
}

function drawHalves(
  measures: readonly FunctionMeasure[],
  rng: Rng,
): (readonly [FunctionMeasure[], FunctionMeasure[]])[] {
  const applications = [...Map.groupBy(measures, ({ appId }) => appId).values()];
  const drawHalf = () => {
    const half: FunctionMeasure[] = [];
    while (half.length < measures.length / 2) {
      half.push(...applications[rng.nextBelow(applications.length)]);
    }
    return half;
  };
  return Array.from({ length: PAIRS_OF_HALVES }, () => [drawHalf(), drawHalf()] as const);
}

/** What is 0, a runtime or a memory that is not known, counts as this. */
const LEAST_OF_LOG = 1e-3;

function logsOf(
  measures: readonly FunctionMeasure[],
  of: (measure: FunctionMeasure) => number,
): Float64Array {
  return Float64Array.from(measures, (measure) => Math.log10(Math.max(LEAST_OF_LOG, of(measure))));
}

function distanceOrNull(u: ArrayLike<number>, v: ArrayLike<number>): number | null {
  return u.length === 0 || v.length === 0 ? null : wassersteinDistance(u, v);
}

function shapeDifference(
  u: readonly FunctionMeasure[],
  v: readonly FunctionMeasure[],
  weightOf: (measure: FunctionMeasure) => number,
): number {
  const [a, b] = [u, v].map((all) => {
    const hours = new Float64Array(HOURS_PER_DAY);
    for (const measure of all) {
      const weight = weightOf(measure);
      measure.hourly.forEach((count, hour) => hours[hour] += weight * count);
    }
    const mean = hours.reduce((sum, value) => sum + value, 0) / HOURS_PER_DAY;
    return hours.map((value) => value / mean);
  });
  return Math.sqrt(a.reduce((sum, value, hour) => sum + (value - b[hour]) ** 2, 0) / HOURS_PER_DAY);
}

function shareDifference(
  u: readonly FunctionMeasure[],
  v: readonly FunctionMeasure[],
  classOf: (measure: FunctionMeasure) => string,
): number {
  const shares = new Map<string, number>();
  for (const measure of u) {
    shares.set(classOf(measure), (shares.get(classOf(measure)) ?? 0) + 1 / u.length);
  }
  for (const measure of v) {
    shares.set(classOf(measure), (shares.get(classOf(measure)) ?? 0) - 1 / v.length);
  }
  return [...shares.values()].reduce((sum, share) => sum + Math.abs(share), 0) / 2;
}

function round(value: number): number {
  return Number(value.toPrecision(FIGURE_DIGITS));
}
