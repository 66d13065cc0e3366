/** Which share of a whole the largest parts make. */
export interface TopShare {
  /** Indexes of the parts, the largest first. */
  readonly order: Uint32Array;
  /** Share of the first of them, the first two, and so on; all 0 where the whole is. */
  readonly cumulative: Float64Array;
}

/**
 * Ranks parts by their size and sums up their shares (a Lorenz curve from the top).
 *
 * @example
 * ```ts
 * import { rankShares } from "./top_share.ts";
 * const { order, cumulative } = rankShares([1, 6, 3]);
 * if (order[0] !== 1 || cumulative[1] !== 0.9) throw new Error("6, then 3 of 10");
 * ```
 */
export function rankShares(parts: ArrayLike<number>): TopShare {
  const order = Uint32Array.from({ length: parts.length }, (_, i) => i)
    // Of equal parts, the first in the file is the first.
    .sort((a, b) => parts[b] - parts[a] || a - b);
  const cumulative = new Float64Array(parts.length);
  let sum = 0;
  for (let rank = 0; rank < order.length; rank++) {
    sum += parts[order[rank]];
    cumulative[rank] = sum;
  }
  if (sum > 0) { for (let rank = 0; rank < order.length; rank++) cumulative[rank] /= sum; }
  return { order, cumulative };
}

/** Ranks from 1 to the last that are evenly spread on a logarithmic axis. */
export function spreadRanks(count: number, most = 120): number[] {
  const ranks: number[] = [];
  for (let i = 0; i <= most; i++) {
    const rank = Math.round(count ** (i / most));
    if (rank >= 1 && rank !== ranks.at(-1)) ranks.push(rank);
  }
  return ranks;
}
