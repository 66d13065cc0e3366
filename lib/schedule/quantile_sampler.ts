import type { Rng } from "../base/rng.ts";
import type { Percentiles } from "../model/trace.ts";

const BINS = 100;

/**
 * Where the segments between given quantiles lie: one constant segment in front
 * of the first quantile, linear ones between, one constant behind the last.
 */
interface QuantileGrid {
  /** Upper end of each segment, as a quantile. */
  readonly upper: Float64Array;
  /** First segment that a hundredth of the quantiles may fall into. */
  readonly firstOfBin: Uint8Array;
}

/** All functions of a trace have the same quantiles: one grid serves them all, and stays in the cache. */
const grids = new Map<string, QuantileGrid>();
/** The same by the array itself, which the functions of most traces share. */
const gridsOfArrays = new WeakMap<readonly number[], QuantileGrid>();

function gridOf(quantiles: readonly number[]): QuantileGrid {
  const known = gridsOfArrays.get(quantiles);
  if (known !== undefined) return known;
  const key = quantiles.join();
  let grid = grids.get(key);
  if (grid === undefined) {
    const upper = Float64Array.of(...quantiles, Infinity);
    const firstOfBin = new Uint8Array(BINS);
    for (let bin = 0; bin < BINS; bin++) {
      while (bin / BINS >= upper[firstOfBin[bin]]) firstOfBin[bin]++;
    }
    grid = { upper, firstOfBin };
    grids.set(key, grid);
  }
  gridsOfArrays.set(quantiles, grid);
  return grid;
}

/**
 * Draws whole numbers from a distribution known by percentiles: a uniform
 * quantile, interpolated linearly between the percentiles around it (below the
 * first the first, above the last the last), clamped, rounded half up.
 */
export class QuantileSampler {
  readonly #minimum: number;
  readonly #maximum: number;
  readonly #grid: QuantileGrid;
  /** Intercept and slope of each segment, side by side. */
  readonly #lines: Float64Array;

  constructor(percentiles: Percentiles, minimum: number, maximum: number) {
    const { quantiles, values } = percentiles;
    const last = quantiles.length;
    this.#minimum = minimum;
    this.#maximum = maximum;
    this.#grid = gridOf(quantiles);
    this.#lines = new Float64Array(2 * (last + 1));
    this.#lines[0] = values[0];
    this.#lines[2 * last] = values[last - 1];
    for (let segment = 1; segment < last; segment++) {
      const slope = (values[segment] - values[segment - 1]) /
        (quantiles[segment] - quantiles[segment - 1]);
      this.#lines[2 * segment] = values[segment - 1] - slope * quantiles[segment - 1];
      this.#lines[2 * segment + 1] = slope;
    }
  }

  /** Fills `out[from, from + count)` with the values at independent quantiles in [0, 1). */
  fill(rng: Pick<Rng, "nextFloat">, out: Uint32Array, from: number, count: number): void {
    const { upper, firstOfBin } = this.#grid;
    const lines = this.#lines;
    const [minimum, maximum] = [this.#minimum, this.#maximum];
    for (let i = from; i < from + count; i++) {
      const quantile = rng.nextFloat();
      let segment = firstOfBin[Math.floor(quantile * BINS)];
      while (quantile >= upper[segment]) segment++;
      const value = lines[2 * segment] + lines[2 * segment + 1] * quantile;
      out[i] = value <= minimum ? minimum : value >= maximum ? maximum : Math.floor(value + 0.5);
    }
  }
}
