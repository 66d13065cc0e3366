import { rankCorrelation } from "../../stats/rank_correlation.ts";
import type { FunctionTable } from "./function_table.ts";
import {
  countClasses,
  FIGURE_PAIRS,
  loadColumn,
  logarithms,
  type Population,
  SAMPLE_LOADS,
  shapeColumn,
  SHAPED_LOADS,
  shapeShares,
  sumOf,
} from "./population.ts";

/** How far a sample is from the trace in one figure, on a logarithmic scale to base 10. */
export interface FigureDistance {
  /** First Wasserstein distance. */
  readonly distance: number;
  /** The smallest that any number of points as large as the sample can have. */
  readonly optimum: number;
}

/** How far a sample is from the functions that it was taken from. */
export interface SampleMeasure {
  readonly figures: readonly FigureDistance[];
  /** Rank correlation of each pair of figures; `null` where one is constant. */
  readonly correlations: readonly (number | null)[];
  /** Load per function of the sample, divided by that of the trace, less 1. */
  readonly loadErrors: readonly number[];
  readonly shapes: readonly ShapeError[];
  readonly periodicity: {
    /** Part of the sample of each class. */
    readonly shares: readonly number[];
    /** Total variation distance: the part of the sample that is of another class than it should be. */
    readonly distance: number;
    /** The smallest that a sample of its size can have, for functions do not divide. */
    readonly optimum: number;
  };
}

/** How far the shape of a load over the window is from that of the trace. */
export interface ShapeError {
  /** Total variation distance: the part of the load that lies in the wrong part of the window. */
  readonly totalVariation: number;
  /** The largest relative error of a part's share. */
  readonly largest: number;
}

/** What is asked of a sample; it may be missed where the trace does not have such functions. */
export const SAMPLE_TARGETS = {
  /** Distances of figures, as a multiple of the optimum. */
  timesOptimum: 2,
  /** How many times nearer than the mean of uniformly random samples. */
  timesNearer: 3,
  /** Differences of rank correlations. */
  correlation: 0.05,
  /** Relative errors of load per function, and of the shares of its parts. */
  load: 0.05,
} as const;

/** Nothing is asked of invocations × memory; but it should be no other load altogether. */
const MEMORY_LOAD = 2;

/** Stands for an optimum of 0, where many functions have equal figures. */
const LEAST_OPTIMUM = 1e-9;

/** Measures a sample, a table of its own functions. */
export function measureSample(population: Population, sample: FunctionTable): SampleMeasure {
  const logs = population.figures.map(({ floor }, i) => logarithms(sample.figures[i], floor));
  return {
    figures: population.figures.map(({ quantiles }, i) => ({
      distance: quantiles.distanceTo(logs[i]),
      optimum: quantiles.leastDistance(sample.functions),
    })),
    correlations: FIGURE_PAIRS.map(([a, b]) => rankCorrelation(logs[a], logs[b])),
    loadErrors: population.loads.map(({ mean }, i) => {
      const load = sumOf(loadColumn(sample, SAMPLE_LOADS[i].figure)) / sample.functions;
      return mean === 0 ? 0 : load / mean - 1;
    }),
    shapes: population.shapes.map(({ shares }, i) => {
      const values = shapeColumn(sample, SAMPLE_LOADS[SHAPED_LOADS[i]].figure);
      return compareShapes(shapeShares(values, sample.bins), shares);
    }),
    periodicity: measureClasses(population, sample),
  };
}

function compareShapes(shares: Float64Array, asked: Float64Array): ShapeError {
  let totalVariation = 0;
  let largest = 0;
  for (const [bin, share] of asked.entries()) {
    const difference = Math.abs(shares[bin] - share);
    totalVariation += difference / 2;
    if (share > 0) largest = Math.max(largest, difference / share);
  }
  return { totalVariation, largest };
}

function measureClasses(
  { classes, functions }: Population,
  sample: FunctionTable,
): SampleMeasure["periodicity"] {
  const counts = countClasses(sample);
  const wanted = classes.map((count) => count * sample.functions / functions);
  const distance = counts.reduce((sum, count, i) => sum + Math.abs(count - wanted[i]), 0);
  return {
    shares: Array.from(counts, (count) => count / sample.functions),
    distance: distance / 2 / sample.functions,
    optimum: leastRounding(wanted) / sample.functions,
  };
}

/** Half the sum of what is lost when parts are rounded so that their sum stays: largest remainders. */
function leastRounding(parts: Float64Array): number {
  const fractions = Array.from(parts, (part) => part - Math.floor(part)).sort((a, b) => b - a);
  const up = Math.round(fractions.reduce((sum, fraction) => sum + fraction, 0));
  return fractions.reduce((sum, fraction, i) => sum + (i < up ? 1 - fraction : fraction), 0) / 2;
}

/**
 * The worst figure of a sample as a multiple of what is asked of it
 * ({@linkcode SAMPLE_TARGETS}, without uniform samples): 1 or less meets all.
 */
export function worstOfTargets(population: Population, measure: SampleMeasure): number {
  const { timesOptimum, correlation, load } = SAMPLE_TARGETS;
  return Math.max(
    ...measure.figures.map(({ distance, optimum }) =>
      distance / Math.max(optimum, LEAST_OPTIMUM) / timesOptimum
    ),
    ...measure.correlations.map((value, i) => {
      const asked = population.correlations[i];
      return value === null || asked === null ? 0 : Math.abs(value - asked) / correlation;
    }),
    ...measure.loadErrors.map((error, i) => Math.abs(error) / (i < 2 ? load : MEMORY_LOAD)),
    ...measure.shapes.map(({ totalVariation }) => totalVariation / load),
  );
}
