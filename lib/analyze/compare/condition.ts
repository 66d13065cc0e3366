import { LoaderError } from "../../base/error.ts";
import { COMPARED_METRICS, type ComparedMetric, findComparedMetric } from "./compared_metric.ts";
import type { MetricComparison } from "./compare_runs.ts";

/** When a comparison is not to pass. */
export interface Condition {
  /** As it was written. */
  readonly text: string;
  readonly metric: ComparedMetric;
  readonly sign: ">" | "<";
  /** In parts, or in points of a share: 0.05 for 5 %. */
  readonly change: number;
}

/**
 * Parses a condition such as `p99 slowdown > +5%`: a metric in any of its spellings, a
 * sign and a change in per cent (of a share: in percentage points).
 *
 * @throws LoaderError `usage` when it is none
 *
 * @example
 * ```ts
 * import { parseCondition } from "./condition.ts";
 * const { metric, change } = parseCondition("p99 response time > +5%");
 * if (metric.name !== "response_time_p99" || change !== 0.05) throw new Error("not read");
 * ```
 */
export function parseCondition(text: string): Condition {
  const found = /^\s*(.+?)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*%\s*$/.exec(text);
  const metric = found === null ? undefined : findComparedMetric(found[1]);
  if (found === null || metric === undefined) {
    throw new LoaderError(
      "usage",
      `The condition ${JSON.stringify(text)} is not known; write a metric, > or <, and a change, ` +
        `such as "p99 slowdown > +5%". Metrics: ${
          COMPARED_METRICS.map(({ name }) => name).join(", ")
        }.`,
      { value: text },
    );
  }
  return { text: text.trim(), metric, sign: found[2] as ">" | "<", change: Number(found[3]) / 100 };
}

/** What a condition came to. */
export type ConditionResult =
  /** Beyond the bound, and it is clear that there is a difference. */
  | "met"
  /** Not beyond the bound, or it may be chance. */
  | "not met"
  /** The metric is not known on both sides. */
  | "unknown";

/** Whether a change is beyond the bound, and no chance. */
export function judgeCondition(
  { metric, sign, change }: Condition,
  metrics: readonly MetricComparison[],
): ConditionResult {
  const found = metrics.find(({ name }) => name === metric.name);
  if (found === undefined || found.change === null) return "unknown";
  const isBeyond = sign === ">" ? found.change > change : found.change < change;
  return isBeyond && found.isClear ? "met" : "not met";
}
