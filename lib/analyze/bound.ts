import { LoaderError } from "../base/error.ts";
import {
  COMPARED_METRICS,
  type ComparedMetric,
  findComparedMetric,
} from "./compare/compared_metric.ts";
import type { Percentile } from "./ranked_quantiles.ts";
import { countJudged, countNotOk, type Summary } from "./summary.ts";

/** What a figure of a run may be at most. */
export interface Bound {
  /** As it was written. */
  readonly text: string;
  readonly metric: ComparedMetric;
  /** In the metric's own unit: ms, a share, or none. */
  readonly most: number;
}

/** What a run comes to in each metric that can be bounded; `null`: unknown, or of too few. */
const VALUES: Readonly<Record<string, (summary: Summary) => number | null>> = {
  ...quantilesOf("slowdown", ({ slowdown }) => slowdown),
  ...quantilesOf("response_time", ({ responseTimeMs }) => responseTimeMs),
  ...quantilesOf("transport_latency", ({ transportLatencyMs }) => transportLatencyMs),
  not_ok: ({ outcomes }) => shareOf(countNotOk(outcomes), outcomes),
  cold: ({ coldInvocations, outcomes }) => shareOf(coldInvocations, outcomes),
};

function quantilesOf(
  measure: string,
  rankedOf: (summary: Summary) => Summary["slowdown"],
): Record<string, (summary: Summary) => number | null> {
  const percentiles = ["p50", "p90", "p99"] as const satisfies readonly Percentile[];
  return Object.fromEntries(
    percentiles.map((name) => [`${measure}_${name}`, (summary) => rankedOf(summary).all[name]]),
  );
}

function shareOf(count: number | null, outcomes: Summary["outcomes"]): number | null {
  const judged = countJudged(outcomes);
  return count === null || judged === 0 ? null : count / judged;
}

/** The metrics that can be bounded: those of a comparison that a summary of a run has. */
const METRICS = COMPARED_METRICS.filter(({ name }) => name in VALUES);

/** What a value is multiplied with to be in the metric's own unit. */
const UNITS: Readonly<Record<BoundUnit, Readonly<Record<string, number>>>> = {
  ms: { "": 1, ms: 1, s: 1000, min: 60_000 },
  share: { "": 1, "%": 0.01 },
  none: { "": 1 },
};

/** What the values of a metric are. */
export type BoundUnit = "ms" | "share" | "none";

/** What the values of a metric that can be bounded are. */
export function unitOfBound({ name, by }: ComparedMetric): BoundUnit {
  if (by === "difference") return "share";
  return name.startsWith("slowdown") ? "none" : "ms";
}

/**
 * Parses a bound such as `p99 slowdown <= 5`, `p90 response time <= 200ms` or `cold <= 1%`: a
 * metric as `compare --fail-if` has it, in any of its spellings, and the most that it may be.
 *
 * @throws LoaderError `usage` when it is none
 *
 * @example
 * ```ts
 * import { parseBound } from "./bound.ts";
 * const { metric, most } = parseBound("p99 response time <= 0.2s");
 * if (metric.name !== "response_time_p99" || most !== 200) throw new Error("not read");
 * ```
 */
export function parseBound(text: string): Bound {
  const found = /^\s*(.+?)\s*<=?\s*(\d+(?:\.\d+)?)\s*(%|[a-z]*)\s*$/.exec(text);
  const metric = found === null ? undefined : findComparedMetric(found[1], METRICS);
  const factor = metric === undefined ? undefined : UNITS[unitOfBound(metric)][found![3]];
  const most = factor === undefined ? NaN : Number(found![2]) * factor;
  if (metric === undefined || !(most > 0)) {
    throw new LoaderError(
      "usage",
      `The bound ${JSON.stringify(text)} is not known; write a metric, <= and the most that it ` +
        `may be, such as "p99 slowdown <= 5", "p99 response time <= 200ms" or "cold <= 1%". ` +
        `Metrics: ${METRICS.map(({ name }) => name).join(", ")}.`,
      { value: text },
    );
  }
  return { text: text.trim(), metric, most };
}

/**
 * What a run comes to in the metric of a bound; infinite where the quantile is among those
 * that were not ok, `null` where it is unknown, or of too few invocations.
 */
export function boundedValueOf(summary: Summary, { metric }: Bound): number | null {
  return VALUES[metric.name](summary);
}
