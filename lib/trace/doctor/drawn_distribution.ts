import type { Percentiles } from "../../model/trace.ts";

/** Bounds that a value is moved into before it is asked for. */
export interface DrawLimits {
  readonly minimum: number;
  readonly maximum: number;
}

/** What a replay asks for when it draws from percentiles. */
export interface DrawnFigures {
  /** Mean of what is drawn, before the bounds. */
  readonly mean: number;
  /** Mean of what is asked for, within the bounds. */
  readonly boundedMean: number;
  /** Part of the draws below the smaller bound, and above the larger. */
  readonly below: number;
  readonly above: number;
}

/** Calls `visit` for each piece of the linear interpolation: `share` of the draws between values. */
export function forEachPiece(
  { quantiles, values }: Percentiles,
  visit: (share: number, from: number, until: number) => void,
): void {
  if (values.length === 0) return;
  // Below the first quantile there is the first value throughout, and above the last the last.
  if (quantiles[0] > 0) visit(quantiles[0], values[0], values[0]);
  for (let i = 1; i < values.length; i++) {
    visit(quantiles[i] - quantiles[i - 1], values[i - 1], values[i]);
  }
  const last = values.length - 1;
  if (quantiles[last] < 1) visit(1 - quantiles[last], values[last], values[last]);
}

/**
 * What drawing from percentiles comes to: a quantile is drawn uniformly, the value
 * interpolated linearly and moved into the bounds.
 *
 * @example
 * ```ts
 * import { describeDraws } from "./drawn_distribution.ts";
 * const runtimeMs = { quantiles: [0, 1], values: [0, 100], mean: 50 };
 * const { above, boundedMean } = describeDraws(runtimeMs, { minimum: 0, maximum: 50 });
 * if (above !== 0.5 || boundedMean !== 37.5) throw new Error("half are cut to 50");
 * ```
 */
export function describeDraws(percentiles: Percentiles, limits: DrawLimits): DrawnFigures {
  const { minimum, maximum } = limits;
  let mean = 0;
  let boundedMean = 0;
  let below = 0;
  let above = 0;
  forEachPiece(percentiles, (share, from, until) => {
    mean += share * (from + until) / 2;
    const belowPart = partBelow(minimum, from, until);
    const abovePart = 1 - partBelow(maximum, from, until) -
      (from === until && from === maximum ? 1 : 0);
    const insidePart = Math.max(0, 1 - belowPart - abovePart);
    below += share * belowPart;
    above += share * abovePart;
    const insideMean = (clamp(from, limits) + clamp(until, limits)) / 2;
    boundedMean += share *
      (belowPart * minimum + abovePart * maximum + insidePart * insideMean);
  });
  return { mean, boundedMean, below, above };
}

/** What replaying recorded values comes to; `null` where there are none. */
export function describeRecorded(
  values: Float32Array | null | undefined,
  { minimum, maximum }: DrawLimits,
): DrawnFigures | null {
  if (values === null || values === undefined || values.length === 0) return null;
  const figures = { mean: 0, boundedMean: 0, below: 0, above: 0 };
  const part = 1 / values.length;
  for (const value of values) {
    figures.mean += part * value;
    figures.boundedMean += part * Math.min(Math.max(value, minimum), maximum);
    if (value < minimum) figures.below += part;
    else if (value > maximum) figures.above += part;
  }
  return figures;
}

/** The part of values spread evenly from `from` until `until` that is less than `bound`. */
function partBelow(bound: number, from: number, until: number): number {
  if (from >= bound) return 0;
  if (until < bound) return 1;
  return (bound - from) / (until - from);
}

function clamp(value: number, { minimum, maximum }: DrawLimits): number {
  return Math.min(Math.max(value, minimum), maximum);
}

/** Points of a {@linkcode LogDistribution} to a factor of ten. */
const POINTS_PER_DECADE = 32;

/**
 * A cumulative distribution on a logarithmic grid, gathered from many weighted ones.
 * Memory and time do not grow with the number of values.
 *
 * @example
 * ```ts
 * import { LogDistribution } from "./drawn_distribution.ts";
 * const runtimeMs = new LogDistribution(1, 1e6);
 * runtimeMs.addValue(10, 3);
 * runtimeMs.addValue(1000, 1);
 * if (Math.abs(runtimeMs.shareUntil(100) - 0.75) > 1e-12) throw new Error("three of four");
 * ```
 */
export class LogDistribution {
  /** Ascending points of the grid; the first takes what is below, too. */
  readonly points: Float64Array;
  readonly #low: number;
  /** Weight that is below a point and all after it. */
  readonly #steps: Float64Array;
  /** Weight at a point alone, of what is spread over several. */
  readonly #slopes: Float64Array;
  #weight = 0;

  constructor(low: number, high: number) {
    this.#low = Math.log10(low);
    const count = Math.ceil((Math.log10(high) - this.#low) * POINTS_PER_DECADE) + 1;
    this.points = Float64Array.from(
      { length: count },
      (_, i) => 10 ** (this.#low + i / POINTS_PER_DECADE),
    );
    this.#steps = new Float64Array(count + 1);
    this.#slopes = new Float64Array(count);
  }

  /** Sum of all weights. */
  get weight(): number {
    return this.#weight;
  }

  addValue(value: number, weight: number): void {
    this.#weight += weight;
    this.#steps[this.#pointFrom(value)] += weight;
  }

  /** Adds what is drawn from percentiles. */
  addDraws(percentiles: Percentiles, weight: number): void {
    forEachPiece(percentiles, (share, from, until) => {
      const pieceWeight = share * weight;
      this.#weight += pieceWeight;
      const first = this.#pointFrom(from);
      const last = this.#pointFrom(until);
      for (let i = first; i < last; i++) {
        this.#slopes[i] += pieceWeight * (this.points[i] - from) / (until - from);
      }
      this.#steps[last] += pieceWeight;
    });
  }

  /** The share of the weight that is at most each of the points; 0 where there is none. */
  shares(): Float64Array {
    const shares = new Float64Array(this.points.length);
    let sum = 0;
    for (let i = 0; i < shares.length; i++) {
      sum += this.#steps[i];
      shares[i] = this.#weight === 0 ? 0 : (sum + this.#slopes[i]) / this.#weight;
    }
    return shares;
  }

  /** The share that is at most a value, as the nearest point at or below it has it. */
  shareUntil(value: number): number {
    const shares = this.shares();
    const after = this.points.findIndex((point) => point > value * (1 + 1e-9));
    if (after === 0) return 0;
    return shares[(after < 0 ? shares.length : after) - 1];
  }

  /** The value at a quantile, interpolated on the grid; `null` without any weight. */
  quantile(q: number): number | null {
    if (this.#weight === 0) return null;
    const shares = this.shares();
    const at = shares.findIndex((share) => share >= q);
    if (at < 0) return this.points[this.points.length - 1];
    if (at === 0 || shares[at] === shares[at - 1]) return this.points[at];
    const part = (q - shares[at - 1]) / (shares[at] - shares[at - 1]);
    return 10 ** (this.#low + (at - 1 + part) / POINTS_PER_DECADE);
  }

  /** The first point that is not below a value; the last one takes what is beyond. */
  #pointFrom(value: number): number {
    if (!(value > 0)) return 0;
    // What is a hair above its point, for its logarithm is rounded, belongs to it.
    const index = Math.ceil((Math.log10(value) - this.#low) * POINTS_PER_DECADE - 1e-6);
    return Math.min(Math.max(0, index), this.points.length - 1);
  }
}
