import { QuantileSketch } from "../stats/quantile_sketch.ts";
import { isRankedCode, OK_CODE, type StoredInvocations } from "../store/read/stored_invocations.ts";

/** The percentiles that are reported. */
export const PERCENTILES = ["p50", "p90", "p95", "p99"] as const;

/** See {@linkcode PERCENTILES}. */
export type Percentile = (typeof PERCENTILES)[number];

/**
 * Values by percentile. `Infinity` where the percentile falls among the
 * invocations that are not ok; `null` with fewer than 10 observations beyond it.
 */
export type PercentileValues = Readonly<Record<Percentile, number | null>>;

/** Percentiles of one measure over a set of invocations. */
export interface RankedQuantiles {
  /** Those that are ranked: not dropped by the generator, and not stopped by the user. */
  readonly observations: number;
  /** How many of them are not ok and count as infinite. */
  readonly infinite: number;
  readonly all: PercentileValues;
  /** The same over the ok ones alone. */
  readonly okOnly: PercentileValues;
}

const FRACTIONS: Readonly<Record<Percentile, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
};

/** Measures of a run are kept one by one up to so many (a MiB each); see `QuantileSketch`. */
export const MOST_EXACT = 131_072;

/**
 * Ranks every invocation that {@linkcode isRankedCode} by a measure of it, as it comes. What
 * is not ok counts as infinite, so that a platform that fails its slowest calls gains
 * nothing. Memory is bounded, however many there are.
 */
export class RankedSketch {
  readonly #sketch: QuantileSketch;
  #infinite = 0;

  /** @param mostExact invocations up to which quantiles are exact */
  constructor(mostExact = MOST_EXACT) {
    this.#sketch = new QuantileSketch(mostExact);
  }

  /** Those that were ok and have a value, ascending; `null` where there were too many to keep. */
  get sortedOk(): Float64Array | null {
    return this.#sketch.sorted;
  }

  /** @param outcome its code; @param value NaN where it has none */
  add(outcome: number, value: number): void {
    if (outcome === OK_CODE && !Number.isNaN(value)) this.#sketch.add(value);
    else if (isRankedCode(outcome)) this.#infinite++;
  }

  /** Takes in all of another; that one stays as it is. */
  addAll(other: RankedSketch): void {
    this.#sketch.addAll(other.#sketch);
    this.#infinite += other.#infinite;
  }

  /** `null` with too few observations beyond the quantile. */
  at(quantile: number): number | null {
    return this.#sketch.ranked(this.#infinite, quantile);
  }

  /** The percentiles that are reported. */
  percentiles(): RankedQuantiles {
    return {
      observations: this.#sketch.count + this.#infinite,
      infinite: this.#infinite,
      all: percentilesOf((q) => this.at(q)),
      okOnly: percentilesOf((q) => this.#sketch.ranked(0, q)),
    };
  }
}

/**
 * Ranks the invocations of a table by a measure; see {@linkcode RankedSketch}.
 *
 * @param measure value of every row of the table
 */
export function deriveRankedQuantiles(
  table: StoredInvocations,
  measure: Float64Array,
): RankedQuantiles {
  return rank(table, measure).percentiles();
}

/**
 * A measure of the same invocations at any quantiles; `null` with too few observations
 * beyond one.
 *
 * @param measure value of every row of the table
 */
export function rankMeasure(
  table: StoredInvocations,
  measure: Float64Array,
  quantiles: readonly number[],
): (number | null)[] {
  const ranked = rank(table, measure);
  return quantiles.map((quantile) => ranked.at(quantile));
}

function rank(table: StoredInvocations, measure: Float64Array): RankedSketch {
  const ranked = new RankedSketch();
  for (let row = 0; row < table.count; row++) ranked.add(table.outcome[row], measure[row]);
  return ranked;
}

function percentilesOf(valueAt: (quantile: number) => number | null): PercentileValues {
  return {
    p50: valueAt(FRACTIONS.p50),
    p90: valueAt(FRACTIONS.p90),
    p95: valueAt(FRACTIONS.p95),
    p99: valueAt(FRACTIONS.p99),
  };
}
