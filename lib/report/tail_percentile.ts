import { type Percentile, PERCENTILES, type RankedQuantiles } from "../analyze/ranked_quantiles.ts";

/**
 * The highest percentile that all the given sets of invocations have enough
 * observations for; sets without any do not count. `null` if not even p90.
 */
export function chooseTailPercentile(sets: readonly RankedQuantiles[]): Percentile | null {
  const known = sets.filter((set) => set.observations > 0);
  return PERCENTILES.toReversed().find((percentile) =>
    percentile !== "p50" && known.length > 0 && known.every((set) => set.all[percentile] !== null)
  ) ?? null;
}

/** The percentiles to show of the sets: p50 and the tail that they allow. */
export function chooseShownPercentiles(sets: readonly RankedQuantiles[]): Percentile[] {
  const tail = chooseTailPercentile(sets);
  return tail === null ? ["p50"] : ["p50", tail];
}

/** Says why the tail shown is not p99; empty if it is. */
export function describeTail(shown: readonly Percentile[]): string {
  if (shown.includes("p99")) return "";
  return ` There are too few invocations for p99 (fewer than 10 beyond it)${
    shown.length > 1 ? `; ${shown[1]} stands in its place` : ""
  }.`;
}
