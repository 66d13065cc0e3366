import type { QuantileFunction } from "../../stats/quantization.ts";

/**
 * A bound of the error of load per function, which samples of so many functions
 * cannot fall below: either all loads are below the sum that is wanted, and the
 * largest of these sum up to less, or one is above it. 0 where this says nothing.
 *
 * @example
 * ```ts
 * import { smallestLoadError } from "./load_bound.ts";
 * // Two of these should have 52 together; they have 2, or 102.
 * const error = smallestLoadError(Float64Array.of(1, 1, 1, 101), 2);
 * if (Math.abs(error - 50 / 52) > 1e-12) throw new Error("50 from 52");
 * ```
 */
export function smallestLoadError(loads: Float64Array, size: number): number {
  const sorted = loads.slice().sort();
  const wanted = sumOf(sorted) * size / loads.length;
  if (wanted === 0 || size === sorted.length) return 0;
  const fitting = sorted.filter((load) => load <= wanted);
  const most = sumOf(fitting.slice(-size));
  const below = fitting.length < size ? Infinity : Math.max(0, 1 - most / wanted);
  if (fitting.length === sorted.length) return below;
  const rest = sumOf(sorted.subarray(0, size - 1));
  const above = Math.max(0, (sorted[fitting.length] + rest) / wanted - 1);
  return Math.min(below, above);
}

/** Steps in which the price of load is searched, each a tenth of a decade. */
const PRICES = 160;

/**
 * A bound of the distance of so many points of equal weight that have a load besides: the
 * values are logarithms to base 10, and the sum of the numbers is to be within
 * `tolerance` of what the whole has for so many. A heavy tail has most of the load
 * where hardly any points are: who wants the load must move points there.
 *
 * By Lagrange duality: at any price per unit of load, the least of distance and what
 * load is missing is a bound; the best of some prices is taken. It is
 * {@linkcode QuantileFunction.leastDistance} where those points have enough load.
 *
 * @returns `Infinity` where no points have that load
 */
export function leastDistanceWithLoad(
  figure: QuantileFunction,
  size: number,
  tolerance: number,
): number {
  const { sorted } = figure;
  const values = sorted.map((log) => 10 ** log);
  const wanted = sumOf(values) * size / values.length;
  const least = wanted * (1 - tolerance);
  // One point alone must not have more than all together may.
  let allowed = values.length;
  while (allowed > 0 && values[allowed - 1] > wanted * (1 + tolerance)) allowed--;
  if (allowed === 0 || size * values[allowed - 1] < least) return Infinity;
  const nearest = figure.nearestPoints(size);
  let best = figure.leastDistance(size);
  if (sumOf(nearest.map((log) => 10 ** log)) >= least) return best;
  // From the price at which the largest point is worth a decade of one point's distance.
  let price = 1000 / (size * values[allowed - 1]);
  for (let i = 0; i < PRICES; i++, price /= 10 ** 0.1) {
    best = Math.max(best, dualDistance(figure, values, allowed, size, price, least));
  }
  return best;
}

/** The least of distance − price × load, over all points one by one, + price × the load asked for. */
function dualDistance(
  figure: QuantileFunction,
  values: Float64Array,
  allowed: number,
  size: number,
  price: number,
  load: number,
): number {
  const { sorted } = figure;
  const width = sorted.length / size;
  let sum = price * load;
  for (let part = 0; part < size; part++) {
    const [from, to] = [part * width, (part + 1) * width];
    const costAt = (rank: number) =>
      figure.distanceOfPart(sorted[rank], from, to) - price * values[rank];
    // Above the part the cost is concave, below it falls: the least is inside or at the end.
    let least = costAt(allowed - 1);
    const last = Math.min(allowed - 1, Math.ceil(to));
    for (let rank = Math.min(Math.floor(from), last); rank <= last; rank++) {
      least = Math.min(least, costAt(rank));
    }
    sum += least;
  }
  return sum;
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
