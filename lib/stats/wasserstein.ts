import { LoaderError } from "../base/error.ts";

/**
 * The first Wasserstein (earth mover's) distance between two samples: the area
 * between their cumulative distribution functions, in the unit of the values
 * (Ramdas, García Trillos and Cuturi, 2017). Equal to SciPy's
 * `wasserstein_distance`, but that values must be finite.
 *
 * @param u a sample, in any order
 * @param v another, of any size
 * @param uWeights one weight for each value of `u`, all 1 by default; they need not sum to 1
 * @param vWeights the same for `v`
 * @throws {LoaderError} `usage` when a sample is empty or not finite, or its
 * weights do not fit it: another number of them, a negative one, none above 0
 *
 * @example
 * ```ts
 * import { wassersteinDistance } from "./wasserstein.ts";
 * if (wassersteinDistance([0, 1, 3], [5, 6, 8]) !== 5) throw new Error("shifted by 5");
 * // A quarter of the weight has to go from 0 to 1, and a quarter from 2 to 1.
 * if (wassersteinDistance([2, 0], [1, 0, 2], [1, 1], [2, 1, 1]) !== 0.5) throw new Error();
 * ```
 */
export function wassersteinDistance(
  u: ArrayLike<number>,
  v: ArrayLike<number>,
  uWeights?: ArrayLike<number> | null,
  vWeights?: ArrayLike<number> | null,
): number {
  const left = sortSample(u, uWeights);
  const right = sortSample(v, vWeights);
  let distance = 0;
  let i = 0;
  let j = 0;
  let x = Math.min(left.values[0], right.values[0]);
  while (i < left.values.length || j < right.values.length) {
    const next = Math.min(left.values[i] ?? Infinity, right.values[j] ?? Infinity);
    const gap = (i === 0 ? 0 : left.cumulative[i - 1]) - (j === 0 ? 0 : right.cumulative[j - 1]);
    distance += Math.abs(gap) * (next - x);
    x = next;
    while (left.values[i] === x) i++;
    while (right.values[j] === x) j++;
  }
  return distance;
}

interface SortedSample {
  readonly values: Float64Array;
  /** The part of the weight up to and including the value at the same index. */
  readonly cumulative: Float64Array;
}

function sortSample(
  sample: ArrayLike<number>,
  weights: ArrayLike<number> | null | undefined,
): SortedSample {
  const count = sample.length;
  if (count === 0) {
    throw new LoaderError("usage", "A distance between samples needs at least one value in each.");
  }
  if (weights && weights.length !== count) {
    throw new LoaderError(
      "usage",
      `Of ${count} values ${weights.length} have a weight; give each one.`,
    );
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => sample[a] - sample[b]);
  const values = new Float64Array(count);
  const cumulative = new Float64Array(count);
  let total = 0;
  for (let k = 0; k < count; k++) {
    const value = sample[order[k]];
    const weight = weights ? weights[order[k]] : 1;
    if (!Number.isFinite(value) || !(weight >= 0 && weight < Infinity)) {
      throw new LoaderError(
        "usage",
        `A sample holds the value ${value} with weight ${weight}; values must be finite, and weights not negative.`,
        { value },
      );
    }
    values[k] = value;
    total += weight;
    cumulative[k] = total;
  }
  if (total === 0) {
    throw new LoaderError("usage", "All weights of a sample are 0; give at least one above 0.");
  }
  for (let k = 0; k < count; k++) cumulative[k] /= total;
  return { values, cumulative };
}
