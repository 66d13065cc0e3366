import { Rng } from "../../base/rng.ts";
import type { CertifiedFigure, SampleCertificate } from "../../model/sample_certificate.ts";
import { quantile } from "../../stats/quantile.ts";
import { type FunctionTable, SAMPLE_FIGURES } from "./function_table.ts";
import { PERIODICITY_CLASSES } from "./periodicity.ts";
import {
  FIGURE_PAIRS,
  logarithms,
  type Population,
  SAMPLE_LOADS,
  SHAPED_LOADS,
} from "./population.ts";
import { leastDistanceWithLoad, smallestLoadError } from "./load_bound.ts";
import { measureSample, SAMPLE_TARGETS, type SampleMeasure } from "./sample_measure.ts";

/** Uniformly random samples that a sample is compared with. */
const UNIFORM_SAMPLES = 100;
/** How often the functions of the trace are drawn anew. */
const BOOTSTRAP_TRACES = 200;
/** Values that are kept of a distribution. */
const KEPT_VALUES = 100;
/** The ends of what holds 95 %. */
const INTERVAL = [0.025, 0.975] as const;

/** What a certificate says that the figures do not tell. */
export type CertificateFacts = Pick<
  SampleCertificate,
  "method" | "seed" | "candidates" | "trace" | "window"
>;

/** Measures a sample, a table of its own functions, and what there is to compare it with. */
export function deriveCertificate(
  population: Population,
  sample: FunctionTable,
  facts: CertificateFacts,
): SampleCertificate {
  const measure = measureSample(population, sample);
  const uniform = measureUniform(population, sample.functions, facts.seed);
  const intervals = bootstrapIntervals(population, sample, facts.seed);
  return {
    kind: "loader sample certificate",
    version: 1,
    program: null,
    sampleHash: null,
    ...facts,
    size: sample.functions,
    figures: SAMPLE_FIGURES.map(({ name, unit }, i) => ({
      name,
      unit,
      ...certifyDistance(measure, uniform, i),
      interval: intervals[i],
      optimumWithLoad: i === 0 ? optimumWithLoad(population, sample.functions) : null,
      values: {
        trace: keepValues(population.table.figures[i]),
        sample: keepValues(sample.figures[i]),
      },
    })),
    correlations: FIGURE_PAIRS.map(([a, b], i) => ({
      figures: [SAMPLE_FIGURES[a].name, SAMPLE_FIGURES[b].name],
      trace: population.correlations[i],
      sample: measure.correlations[i],
    })),
    loads: SAMPLE_LOADS.map(({ name, unit }, i) => ({
      name,
      unit,
      trace: population.loads[i].mean,
      sample: population.loads[i].mean * (1 + measure.loadErrors[i]),
      error: measure.loadErrors[i],
      smallestError: smallestLoadError(population.loads[i].values, sample.functions),
      uniformError: meanOf(uniform.map(({ loadErrors }) => Math.abs(loadErrors[i]))),
    })),
    shapeBins: sample.bins,
    shapes: measure.shapes.map(({ totalVariation, largest }, i) => ({
      name: SAMPLE_LOADS[SHAPED_LOADS[i]].name,
      totalVariation,
      largest,
    })),
    periodicity: {
      classes: PERIODICITY_CLASSES.map((name, i) => ({
        name,
        trace: population.classes[i] / population.functions,
        sample: measure.periodicity.shares[i],
      })),
      distance: measure.periodicity.distance,
      optimum: measure.periodicity.optimum,
    },
    uniformSamples: UNIFORM_SAMPLES,
  };
}

function certifyDistance(
  measure: SampleMeasure,
  uniform: readonly UniformMeasure[],
  i: number,
): Pick<CertifiedFigure, "distance" | "optimum" | "timesOptimum" | "uniform" | "timesNearer"> {
  const { distance, optimum } = measure.figures[i];
  const distances = uniform.map((sample) => sample.distances[i]);
  const mean = meanOf(distances);
  return {
    distance,
    optimum,
    timesOptimum: timesOptimum({ distance, optimum }),
    uniform: { mean, interval: intervalOf(distances) },
    timesNearer: distance === 0 ? null : mean / distance,
  };
}

/** The smallest distance of invocations with as many of them per function as are asked for. */
function optimumWithLoad({ figures: [{ quantiles }] }: Population, size: number): number {
  return leastDistanceWithLoad(quantiles, size, SAMPLE_TARGETS.load);
}

/** Distance ÷ optimum, 1 where both are 0; `null` where only the optimum is. */
function timesOptimum({ distance, optimum }: SampleMeasure["figures"][number]): number | null {
  if (optimum > 0) return distance / optimum;
  return distance === 0 ? 1 : null;
}

/** What is told of uniformly random samples. */
interface UniformMeasure {
  readonly distances: readonly number[];
  readonly loadErrors: readonly number[];
}

/** Uniformly random samples without replacement. */
function measureUniform(population: Population, size: number, seed: number): UniformMeasure[] {
  const rng = Rng.fromSeed(seed, "uniform samples");
  const indices = Uint32Array.from({ length: population.functions }, (_, i) => i);
  return Array.from({ length: UNIFORM_SAMPLES }, () => {
    for (let i = 0; i < size; i++) {
      const other = i + rng.nextBelow(indices.length - i);
      [indices[i], indices[other]] = [indices[other], indices[i]];
    }
    const sample = indices.subarray(0, size);
    const pick = (values: Float64Array) => Float64Array.from(sample, (index) => values[index]);
    return {
      distances: population.figures.map(({ values, quantiles }) =>
        quantiles.distanceTo(pick(values))
      ),
      loadErrors: population.loads.map(({ values, mean }) =>
        mean === 0 ? 0 : meanOf(pick(values)) / mean - 1
      ),
    };
  });
}

/**
 * For each figure 95 % of the distances to traces of as many functions, drawn from
 * those of the trace with replacement: how much a distance owes to which functions
 * happen to be in the trace (Efron, 1979).
 */
function bootstrapIntervals(
  population: Population,
  sample: FunctionTable,
  seed: number,
): [number, number][] {
  const rng = Rng.fromSeed(seed, "bootstrap traces");
  const points = population.figures.map(({ floor }, i) =>
    logarithms(sample.figures[i], floor).sort()
  );
  const distances = points.map(() => new Float64Array(BOOTSTRAP_TRACES));
  const times = new Uint32Array(population.functions);
  for (let trace = 0; trace < BOOTSTRAP_TRACES; trace++) {
    times.fill(0);
    for (let i = 0; i < times.length; i++) times[rng.nextBelow(times.length)]++;
    // Ranks are drawn, not functions, so that each figure is passed in order.
    for (const [i, { quantiles }] of population.figures.entries()) {
      distances[i][trace] = distanceToRepeated(quantiles.sorted, times, points[i]);
    }
  }
  return distances.map(intervalOf);
}

/** The Wasserstein distance of points to values, each so many times; both ascending. */
function distanceToRepeated(
  values: Float64Array,
  times: Uint32Array,
  points: Float64Array,
): number {
  const step = 1 / values.length;
  let distance = 0;
  let drawn = 0;
  let point = 0;
  let x = Math.min(values[0], points[0]);
  for (let rank = 0; rank < values.length; rank++) {
    if (times[rank] === 0) continue;
    const value = values[rank];
    for (; point < points.length && points[point] <= value; point++) {
      distance += Math.abs(drawn * step - point / points.length) * (points[point] - x);
      x = points[point];
    }
    distance += Math.abs(drawn * step - point / points.length) * (value - x);
    x = value;
    drawn += times[rank];
  }
  for (; point < points.length; point++) {
    distance += (1 - point / points.length) * (points[point] - x);
    x = points[point];
  }
  return distance;
}

function keepValues(column: Float64Array): number[] {
  const sorted = column.slice().sort();
  const kept = Math.min(KEPT_VALUES, sorted.length);
  return Array.from(
    { length: kept },
    (_, i) => Number(sorted[Math.floor((i + 0.5) * sorted.length / kept)].toPrecision(6)),
  );
}

function intervalOf(values: ArrayLike<number>): [number, number] {
  const sorted = Float64Array.from(values).sort();
  return [quantile(sorted, INTERVAL[0]) ?? sorted[0], quantile(sorted, INTERVAL[1]) ?? sorted[0]];
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
