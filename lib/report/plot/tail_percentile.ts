import {
  type Percentile,
  PERCENTILES,
  type RankedQuantiles,
} from "../../analyze/ranked_quantiles.ts";

/** The percentiles of the tail, the highest first. */
const TAIL = PERCENTILES.filter((percentile) => percentile !== "p50").toReversed();

/**
 * The percentiles that a figure shows of sets of invocations: p50 and the
 * highest that any set has enough observations for, so that no p99 is hidden
 * because another set has none.
 */
export function chooseDrawnPercentiles(sets: readonly RankedQuantiles[]): Percentile[] {
  const highest = TAIL.find((percentile) => sets.some((set) => set.all[percentile] !== null));
  return highest === undefined ? ["p50"] : ["p50", highest];
}

/**
 * The percentiles that a table shows: those of a figure, and between them the
 * highest that every set has enough observations for. Sets without any
 * observation do not count.
 */
export function chooseListedPercentiles(sets: readonly RankedQuantiles[]): Percentile[] {
  const observed = sets.filter((set) => set.observations > 0);
  const drawn = chooseDrawnPercentiles(observed);
  const common = TAIL.find((percentile) =>
    observed.length > 0 && observed.every((set) => set.all[percentile] !== null)
  );
  return common === undefined || drawn.includes(common)
    ? drawn
    : ["p50", common, ...drawn.slice(1)];
}
