/** How two values of a metric are set against each other. */
export type ComparedBy =
  /** In parts of the first: +5 %. */
  | "ratio"
  /** As they are, where a value may be 0 or is a share already: +0.02. */
  | "difference";

/** A figure by which two runs are compared. */
export interface ComparedMetric {
  /** As in tables and conditions: `slowdown_p99`. */
  readonly name: string;
  /** In words, with its unit: `p99 of response time (ms)`. */
  readonly words: string;
  readonly by: ComparedBy;
}

/** The measures that are ranked, by the first part of a metric's name. */
export const RANKED_MEASURES = {
  slowdown: "slowdown",
  response_time: "response time (ms)",
  transport_latency: "transport latency (ms)",
} as const;

/** See {@linkcode RANKED_MEASURES}. */
export type RankedMeasure = keyof typeof RANKED_MEASURES;

/** The quantiles of each that are compared. */
export const COMPARED_QUANTILES = [0.5, 0.9, 0.99] as const;

/** The metric of a quantile of a measure. */
export function quantileMetric(measure: RankedMeasure, quantile: number): ComparedMetric {
  const percentile = `p${Math.round(100 * quantile)}`;
  return {
    name: `${measure}_${percentile}`,
    words: `${percentile} of ${RANKED_MEASURES[measure]}`,
    by: "ratio",
  };
}

/** Metrics that are no quantiles. */
export const OTHER_METRICS = {
  notOk: { name: "not_ok", words: "share of invocations that are not ok", by: "difference" },
  cold: { name: "cold", words: "share of invocations that are cold", by: "difference" },
  readyInstances: {
    name: "ready_instances",
    words: "ready instances, mean over time",
    by: "ratio",
  },
} as const satisfies Record<string, ComparedMetric>;

/** Every metric, in the order in which they are told. */
export const COMPARED_METRICS: readonly ComparedMetric[] = [
  ...(Object.keys(RANKED_MEASURES) as RankedMeasure[]).flatMap((measure) =>
    COMPARED_QUANTILES.map((quantile) => quantileMetric(measure, quantile))
  ),
  ...Object.values(OTHER_METRICS),
];

/** The metric of a name with its words in any order, and blanks or underscores between them. */
export function findComparedMetric(
  text: string,
  metrics: readonly ComparedMetric[] = COMPARED_METRICS,
): ComparedMetric | undefined {
  const wordsOf = (name: string) => name.toLowerCase().split(/[\s_]+/).sort().join(" ");
  return metrics.find(({ name }) => wordsOf(name) === wordsOf(text));
}
