/**
 * Ranks from 0; equal values share the mean of theirs.
 *
 * @param order the indices of the values in ascending order, where they are known
 */
export function midRanks(
  values: ArrayLike<number>,
  order: ArrayLike<number> = ascendingOrder(values),
): Float64Array {
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

/** The indices of values in ascending order of them; equal ones in their own order. */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, i) => i)
    .sort((a, b) => values[a] - values[b] || a - b);
}

/**
 * Spearman's rank correlation, ties at their mean rank; `null` where a side has
 * only one value, or there are fewer than two.
 *
 * @example
 * ```ts
 * import { rankCorrelation } from "./rank_correlation.ts";
 * if (rankCorrelation([1, 2, 3], [10, 100, 1000]) !== 1) throw new Error("the same order");
 * ```
 */
export function rankCorrelation(u: ArrayLike<number>, v: ArrayLike<number>): number | null {
  const [x, y] = [midRanks(u), midRanks(v)];
  const mean = (x.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) ** 2;
    yy += (y[i] - mean) ** 2;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}
