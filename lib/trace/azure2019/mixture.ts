import type { Percentiles } from "../../model/trace.ts";

/** A distribution by its values at given quantiles, and how much it weighs among others. */
export interface WeightedValues {
  readonly values: readonly number[];
  readonly mean: number;
  /** From 0; where all are 0, each weighs the same. */
  readonly weight: number;
}

/** What sums of weights may be off by. */
const ROUNDING = 1e-12;

/**
 * The distribution of what is drawn from one of several with the probability of
 * its weight. Each has the distribution function that is linear between its
 * percentiles (below the first of them lies nothing, so that the first value has
 * the probability of its quantile); the mixture's is their weighted sum, of which
 * the values at the same quantiles are taken. Means are weighted likewise.
 *
 * @param quantiles in [0, 1], ascending, the last one 1
 *
 * @example
 * ```ts
 * import { mixPercentiles } from "./mixture.ts";
 * const mixed = mixPercentiles([0, 0.5, 1], [
 *   { values: [0, 5, 10], mean: 5, weight: 1 },
 *   { values: [90, 95, 100], mean: 95, weight: 3 },
 * ]);
 * if (mixed.mean !== 72.5 || Math.abs(mixed.values[1] - (90 + 10 / 3)) > 1e-9) {
 *   throw new Error("a quarter below 10, a third of the rest below the median");
 * }
 * ```
 */
export function mixPercentiles(
  quantiles: readonly number[],
  parts: readonly WeightedValues[],
): Percentiles {
  const sum = parts.reduce((sum, { weight }) => sum + weight, 0);
  const weights = parts.map(({ weight }) => sum > 0 ? weight / sum : 1 / parts.length);
  const shares = parts.map(({ values }, i) => ({ values, weight: weights[i] }))
    .filter(({ weight }) => weight > 0);
  const mean = parts.reduce((mean, part, i) => mean + weights[i] * part.mean, 0);
  const points = new Float64Array(shares.flatMap(({ values }) => values)).sort();
  const values: number[] = [];
  let next = 0;
  // The distribution function at the point before, and up to this one.
  let before = 0;
  let [below, upTo] = evaluate(quantiles, shares, points[0]);
  for (const quantile of quantiles) {
    while (upTo < quantile - ROUNDING && next < points.length - 1) {
      before = upTo;
      next++;
      while (next < points.length - 1 && points[next] === points[next - 1]) next++;
      [below, upTo] = evaluate(quantiles, shares, points[next]);
    }
    // Points that are equal count once: between the one before and this one it is linear.
    const isInside = next > 0 && quantile < below - ROUNDING && below > before;
    const from = points[previousPoint(points, next)];
    values.push(
      isInside
        ? from + (points[next] - from) * Math.max(0, (quantile - before) / (below - before))
        : points[next],
    );
  }
  return { quantiles, values, mean };
}

function previousPoint(points: Float64Array, index: number): number {
  let previous = index;
  while (previous > 0 && points[previous] === points[index]) previous--;
  return previous;
}

/** The mixture's distribution function just below a value, and at it. */
function evaluate(
  quantiles: readonly number[],
  shares: readonly { readonly values: readonly number[]; readonly weight: number }[],
  value: number,
): [below: number, upTo: number] {
  let [below, upTo] = [0, 0];
  for (const { values, weight } of shares) {
    const last = values.length - 1;
    if (value < values[0]) continue;
    if (value > values[last]) {
      below += weight;
      upTo += weight;
      continue;
    }
    let first = 0;
    while (values[first] < value) first++;
    if (values[first] > value) {
      const rise = (value - values[first - 1]) / (values[first] - values[first - 1]);
      const at = quantiles[first - 1] + rise * (quantiles[first] - quantiles[first - 1]);
      below += weight * at;
      upTo += weight * at;
      continue;
    }
    let end = first;
    while (end < last && values[end + 1] === value) end++;
    below += weight * (first === 0 ? 0 : quantiles[first]);
    upTo += weight * quantiles[end];
  }
  return [below, upTo];
}
