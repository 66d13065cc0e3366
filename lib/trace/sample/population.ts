import { QuantileFunction } from "../../stats/quantization.ts";
import { ascendingOrder, midRanks, rankCorrelation } from "../../stats/rank_correlation.ts";
import type { FunctionTable } from "./function_table.ts";
import { PERIODICITY_CLASSES } from "./periodicity.ts";

/** The pairs of figures whose rank correlation a sample is to keep, as indices. */
export const FIGURE_PAIRS = [[0, 1], [0, 2], [1, 2]] as const;

/**
 * What a sample puts on a platform, a sum over its functions: invocations, time of
 * running, memory of all invocations. `figure` multiplies the invocations.
 */
export const SAMPLE_LOADS = [
  { name: "invocations", unit: "", figure: null },
  { name: "invocations × runtime", unit: "ms", figure: 1 },
  { name: "invocations × memory", unit: "MiB", figure: 2 },
] as const;

/** Of these loads ({@linkcode SAMPLE_LOADS}) the shape over the window is kept. */
export const SHAPED_LOADS = [0, 1] as const;

/** A figure of all functions, on a logarithmic scale to base 10. */
export interface LogFigure {
  /** What is less has the logarithm of this. */
  readonly floor: number;
  readonly values: Float64Array;
  /** The functions in ascending order of it. */
  readonly order: Uint32Array;
  /** Where each stands in the order. */
  readonly position: Uint32Array;
  /** Ranks, shifted and scaled to mean 0 and variance 1; all 0 where all values are equal. */
  readonly standardRanks: Float64Array;
  readonly quantiles: QuantileFunction;
}

/** A load of all functions. */
export interface LoadFigure {
  readonly values: Float64Array;
  /** The functions, those of the largest load first. */
  readonly descending: Uint32Array;
  readonly mean: number;
}

/** A load in parts of the window. */
export interface LoadShape {
  /** For each function and part, function after function. */
  readonly values: Float64Array;
  /** Part of the trace's load that lies in each part of the window. */
  readonly shares: Float64Array;
}

/** What a sample is to stand for: all functions that it may be taken from. */
export class Population {
  readonly functions: number;
  readonly table: FunctionTable;
  readonly figures: readonly LogFigure[];
  /** Rank correlation of each of {@linkcode FIGURE_PAIRS}; `null` where a figure is constant. */
  readonly correlations: readonly (number | null)[];
  /** For each of {@linkcode SAMPLE_LOADS}. */
  readonly loads: readonly LoadFigure[];
  /** For each of {@linkcode SHAPED_LOADS}. */
  readonly shapes: readonly LoadShape[];
  /** Number of functions of each class of periodicity. */
  readonly classes: Float64Array;

  constructor(table: FunctionTable) {
    this.table = table;
    this.functions = table.functions;
    this.figures = table.figures.map(describeFigure);
    this.correlations = FIGURE_PAIRS.map(([a, b]) =>
      rankCorrelation(this.figures[a].values, this.figures[b].values)
    );
    this.loads = SAMPLE_LOADS.map(({ figure }) => {
      const values = loadColumn(table, figure);
      const descending = ascendingOrder(values).reverse();
      return { values, descending, mean: sumOf(values) / table.functions };
    });
    this.shapes = SHAPED_LOADS.map((load) => {
      const values = shapeColumn(table, SAMPLE_LOADS[load].figure);
      return { values, shares: shapeShares(values, table.bins) };
    });
    this.classes = countClasses(table);
  }
}

function describeFigure(column: Float64Array): LogFigure {
  // What is 0, such as a runtime below the clock's grain, has no logarithm: taken as the least.
  const least = column.reduce((min, value) => value > 0 && value < min ? value : min, Infinity);
  const floor = least === Infinity ? 1 : least;
  const values = logarithms(column, floor);
  const order = ascendingOrder(values);
  const position = new Uint32Array(order.length);
  for (const [rank, index] of order.entries()) position[index] = rank;
  const ranks = midRanks(values, order);
  const mean = (ranks.length - 1) / 2;
  const variance = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0) / ranks.length;
  const scale = variance === 0 ? 0 : 1 / Math.sqrt(variance);
  const standardRanks = ranks.map((rank) => (rank - mean) * scale);
  return { floor, values, order, position, standardRanks, quantiles: new QuantileFunction(values) };
}

/** Logarithms to base 10 of what is at least `floor`; what is less is taken as that. */
export function logarithms(column: Float64Array, floor: number): Float64Array {
  return column.map((value) => Math.log10(Math.max(value, floor)));
}

/** A load of each function. */
export function loadColumn({ figures }: FunctionTable, figure: number | null): Float64Array {
  if (figure === null) return figures[0];
  return figures[0].map((count, i) => count * figures[figure][i]);
}

/** A load of each function in each part of the window, function after function. */
export function shapeColumn(table: FunctionTable, figure: number | null): Float64Array {
  const { bins, invocationsPerBin } = table;
  if (figure === null) return invocationsPerBin;
  return invocationsPerBin.map((count, i) => count * table.figures[figure][Math.floor(i / bins)]);
}

/** The part of a load in each part of the window; equal ones where there is no load. */
export function shapeShares(values: Float64Array, bins: number): Float64Array {
  const sums = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) sums[i % bins] += values[i];
  const total = sumOf(sums);
  return sums.map((value) => total === 0 ? 1 / bins : value / total);
}

/** Number of functions of each class of periodicity. */
export function countClasses({ periodicity }: FunctionTable): Float64Array {
  const counts = new Float64Array(PERIODICITY_CLASSES.length);
  for (const index of periodicity) counts[index]++;
  return counts;
}

export function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
