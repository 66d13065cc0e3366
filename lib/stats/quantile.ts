import { LoaderError } from "../base/error.ts";

/** A ranked quantile needs at least this many observations beyond it. */
export const LEAST_BEYOND = 10;

/**
 * True if a quantile of so many observations may be shown: with at least
 * {@linkcode LEAST_BEYOND} of them beyond its rank (above it for q ≥ 0.5, else below).
 *
 * @example
 * ```ts
 * import { hasEnoughBeyond } from "./quantile.ts";
 * if (!hasEnoughBeyond(20, 0.5) || hasEnoughBeyond(19, 0.5)) throw new Error("a median needs 20");
 * if (!hasEnoughBeyond(1000, 0.99) || hasEnoughBeyond(999, 0.99)) throw new Error("p99: 1000");
 * ```
 */
export function hasEnoughBeyond(count: number, q: number): boolean {
  const rank = rankOf(count, q);
  return (q >= 0.5 ? count - rank : rank - 1) >= LEAST_BEYOND;
}

/** The nearest rank, from 1. */
function rankOf(count: number, q: number): number {
  // A product such as 0.07 × 100 is a hair above the whole number that it stands for.
  return Math.max(1, Math.ceil(q * count * (1 - Number.EPSILON)));
}

/**
 * The quantile `q` in [0, 1] of values in ascending order, interpolated
 * linearly between the two nearest (type 7 of Hyndman and Fan, 1996: position
 * (n − 1)·q, the default of R and NumPy). For models, and for medians over
 * repetitions, which stand beside their number; what is shown of observations is a
 * {@linkcode rankedQuantile}.
 *
 * @returns `null` when there are no values
 * @throws {LoaderError} `usage` when `q` is outside [0, 1]
 *
 * @example
 * ```ts
 * import { quantile } from "./quantile.ts";
 * if (quantile([1, 2, 3, 4], 0.5) !== 2.5) throw new Error("not the median");
 * ```
 */
export function quantile(sorted: ArrayLike<number>, q: number): number | null {
  checkQuantile(q);
  if (sorted.length === 0) return null;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const low = sorted[below];
  // Nothing to interpolate also where both are infinite, whose difference is not a number.
  return position === below || sorted[above] === low
    ? low
    : low + (position - below) * (sorted[above] - low);
}

/**
 * The quantile `q` of observations as it is shown: of invocations all that are ranked,
 * where those that were not ok rank as infinitely slow, so that a platform that fails its
 * slowest calls gains nothing. The nearest rank, ⌈q·n⌉, is taken, for there is nothing between a
 * number and infinity.
 *
 * @param sortedOk finite values, as of the invocations that were ok, in ascending order
 * @param infiniteCount how many others there are, which are infinite
 * @returns the value; `Infinity` when the rank is among those not ok; `null`
 * when fewer than {@linkcode LEAST_BEYOND} observations lie beyond it (above it
 * for q ≥ 0.5, else below it)
 * @throws {LoaderError} `usage` when `q` is outside [0, 1]
 *
 * @example
 * ```ts
 * import { rankedQuantile } from "./quantile.ts";
 * const sortedOk = Array.from({ length: 30 }, (_, i) => i + 1);
 * if (rankedQuantile(sortedOk, 10, 0.5) !== 20) throw new Error("20 of 40");
 * if (rankedQuantile(sortedOk, 30, 0.75) !== Infinity) throw new Error("45 of 60");
 * if (rankedQuantile(sortedOk, 0, 0.99) !== null) throw new Error("none beyond");
 * ```
 */
export function rankedQuantile(
  sortedOk: ArrayLike<number>,
  infiniteCount: number,
  q: number,
): number | null {
  return rankedQuantileAt(sortedOk.length, infiniteCount, q, (rank) => sortedOk[rank - 1]);
}

/**
 * {@linkcode rankedQuantile} of values that are not all kept.
 *
 * @param finiteCount how many values are finite
 * @param valueAt the finite value of a rank, from 1
 * @throws {LoaderError} `usage` when `q` is outside [0, 1]
 */
export function rankedQuantileAt(
  finiteCount: number,
  infiniteCount: number,
  q: number,
  valueAt: (rank: number) => number,
): number | null {
  checkQuantile(q);
  const count = finiteCount + infiniteCount;
  if (!hasEnoughBeyond(count, q)) return null;
  const rank = rankOf(count, q);
  return rank <= finiteCount ? valueAt(rank) : Infinity;
}

function checkQuantile(q: number): void {
  if (!(q >= 0 && q <= 1)) {
    throw new LoaderError("usage", `The quantile ${q} is not in [0, 1]; give 0.99 for p99.`, {
      value: q,
    });
  }
}

/** Largest of the values; `null` if there is none but NaN. */
export function largest(values: Iterable<number>): number | null {
  let maximum: number | null = null;
  for (const value of values) {
    if (!Number.isNaN(value) && (maximum === null || value > maximum)) maximum = value;
  }
  return maximum;
}
