import { errorMessage, LoaderError } from "../base/error.ts";
import type { ScrapedRow, Scraper } from "../model/platform.ts";
import { PLATFORM_METRICS, SCALES } from "../store/schema/tables.ts";
import { derivePlatformRows } from "./prometheus_text.ts";
import type { PrometheusApi } from "./prometheus_api.ts";

/** How a release of Knative names its metrics. */
interface NamingScheme {
  readonly name: "opencensus" | "opentelemetry";
  /** Label with the name of the function as deployed. */
  readonly functionLabel: string;
  readonly namespaceLabel: string;
  /** What it calls each of the metrics that {@linkcode derivePlatformRows} knows. */
  readonly metrics: Readonly<Record<string, string>>;
  /** What selects the activator's among metrics that others have as well. */
  readonly restrictions: Readonly<Record<string, string>>;
}

/** Up to Knative Serving 1.18 (Go module 0.45), whose names the tables' sources are. */
const OPENCENSUS: NamingScheme = {
  name: "opencensus",
  functionLabel: "configuration_name",
  namespaceLabel: "namespace_name",
  metrics: Object.fromEntries(
    [
      "autoscaler_desired_pods",
      "autoscaler_requested_pods",
      "autoscaler_actual_pods",
      "autoscaler_not_ready_pods",
      "autoscaler_pending_pods",
      "autoscaler_stable_request_concurrency",
      "autoscaler_panic_request_concurrency",
      "activator_request_concurrency",
      "activator_request_count",
    ].map((name) => [name, name]),
  ),
  restrictions: {},
};

/** From Knative Serving 1.19 on; its documentation, "Metrics", and samples of 0.50. */
const OPENTELEMETRY: NamingScheme = {
  name: "opentelemetry",
  functionLabel: "kn_configuration_name",
  namespaceLabel: "k8s_namespace_name",
  metrics: {
    autoscaler_desired_pods: "kn_revision_pods_desired",
    autoscaler_requested_pods: "kn_revision_pods_requested",
    autoscaler_actual_pods: "kn_revision_pods_count",
    autoscaler_not_ready_pods: "kn_revision_pods_not_ready_count",
    autoscaler_pending_pods: "kn_revision_pods_pending_count",
    autoscaler_stable_request_concurrency: "kn_revision_concurrency_stable",
    autoscaler_panic_request_concurrency: "kn_revision_concurrency_panic",
    activator_request_concurrency: "kn_revision_request_concurrency",
    activator_request_count: "http_server_request_duration_seconds_count",
  },
  restrictions: {
    http_server_request_duration_seconds_count:
      'and on (job, instance) target_info{service_name="activator"}',
  },
};

const SCHEMES = [OPENCENSUS, OPENTELEMETRY] as const;

/**
 * The scheduler's histograms that a column may come from, the newest name first
 * (Kubernetes' metrics reference: `e2e_scheduling` until 1.22, `pod_scheduling_duration`
 * until 1.29).
 */
const SCHEDULER_HISTOGRAMS = {
  scheduling: [
    "scheduler_scheduling_attempt_duration_seconds",
    "scheduler_e2e_scheduling_duration_seconds",
  ],
  placement: [
    "scheduler_pod_scheduling_sli_duration_seconds",
    "scheduler_pod_scheduling_duration_seconds",
  ],
} as const;

/** Quantiles are of what was scheduled in this time, as In-Vitro's. */
const SCHEDULER_WINDOW = "30s";

/** The names that are there. */
export interface MetricNames {
  /** `null`: none of Knative's metrics is there. */
  readonly knative: NamingScheme["name"] | null;
  /** Histogram of attempts to schedule; `null` where the scheduler is not scraped. */
  readonly scheduling: string | null;
  /** Histogram of times from a pod's creation to its placement. */
  readonly placement: string | null;
}

/** Options of {@linkcode KnativeMetrics}. */
export interface KnativeMetricsOptions {
  readonly prometheus: PrometheusApi;
  /** Namespace of the functions. */
  readonly namespace: string;
}

/**
 * Knative's and the scheduler's metrics through Prometheus. By which names they
 * are known there is asked until it is found out.
 */
export class KnativeMetrics {
  readonly #prometheus: PrometheusApi;
  readonly #namespace: string;
  #names: MetricNames | null = null;
  #scrapes = 0;
  #gaps = 0;
  #lastTrouble: string | null = null;

  constructor({ prometheus, namespace }: KnativeMetricsOptions) {
    this.#prometheus = prometheus;
    this.#namespace = namespace;
  }

  /** Facts for the manifest. */
  describe(): Record<string, unknown> {
    return { prometheus: this.#prometheus.place, metricNames: this.#names };
  }

  /** What a reader of the figures should know. */
  notes(): string[] {
    if (this.#gaps === 0) return [];
    return [
      `${this.#gaps} of ${this.#scrapes} scrapes of Knative's metrics are gaps: ` +
      `${this.#lastTrouble}`,
    ];
  }

  /**
   * Finds out by which names the metrics are known. A series is there only once
   * there is a revision, so that the answer may be "none" before.
   *
   * @throws LoaderError `platform` when Prometheus does not answer
   */
  async detect(signal: AbortSignal): Promise<MetricNames> {
    const candidates = [
      ...SCHEMES.map(({ metrics }) => metrics.autoscaler_desired_pods),
      ...Object.values(SCHEDULER_HISTOGRAMS).flat().map((name) => `${name}_count`),
    ];
    const series = await this.#prometheus.query(
      `count by (__name__) ({__name__=~"${candidates.join("|")}"})`,
      signal,
    );
    const there = new Set(series.map(({ labels }) => labels.__name__));
    const scheme = SCHEMES.find(({ metrics }) => there.has(metrics.autoscaler_desired_pods));
    const histogram = (names: readonly string[]) =>
      names.find((name) => there.has(`${name}_count`)) ?? null;
    this.#names = {
      knative: scheme?.name ?? null,
      scheduling: histogram(SCHEDULER_HISTOGRAMS.scheduling),
      placement: histogram(SCHEDULER_HISTOGRAMS.placement),
    };
    return this.#names;
  }

  /**
   * Rows as {@linkcode derivePlatformRows} makes them, of these functions alone,
   * with the scheduler's quantiles. One query.
   *
   * @param functionIds the key of each function by its name as deployed
   * @throws LoaderError `platform` when Prometheus does not answer, or has none of Knative's metrics
   */
  async scrape(
    functionIds: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<ScrapedRow[]> {
    this.#scrapes++;
    try {
      return await this.#scrape(functionIds, signal);
    } catch (error) {
      this.#gaps++;
      this.#lastTrouble = errorMessage(error);
      throw error;
    }
  }

  async #scrape(
    functionIds: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<ScrapedRow[]> {
    const names = this.#names === null || this.#names.knative === null
      ? await this.detect(signal)
      : this.#names;
    const scheme = SCHEMES.find(({ name }) => name === names.knative);
    if (scheme === undefined) {
      throw new LoaderError(
        "platform",
        `Prometheus at ${this.#prometheus.place} has no metrics of Knative's autoscaler; let it ` +
          "scrape the pods of knative-serving.",
      );
    }
    const series = await this.#prometheus.query(
      [...knativeTerms(scheme, this.#namespace), ...schedulerTerms(names)].join(" or "),
      signal,
    );
    const samples = series.flatMap(({ labels, value }) => {
      const configuration_name = labels[scheme.functionLabel];
      if (!functionIds.has(configuration_name)) return [];
      return [{ name: labels.metric, labels: { configuration_name }, value }];
    });
    const [metrics, ...scales] = derivePlatformRows(samples, functionIds);
    const quantiles = new Map(
      series.filter(({ labels }) => labels.quantile_of !== undefined)
        .map(({ labels, value }) => [labels.quantile_of, value]),
    );
    // Cells come without the time, which the loop puts in front.
    const cells = metrics.cells.map((cell, i) =>
      quantiles.get(PLATFORM_METRICS.columns[i + 1].name) ?? cell
    );
    return [{ ...metrics, cells }, ...scales];
  }
}

function knativeTerms(scheme: NamingScheme, namespace: string): string[] {
  return Object.entries(scheme.metrics).map(([metric, name]) => {
    const series = `${name}{${scheme.namespaceLabel}="${namespace}"}`;
    const restriction = scheme.restrictions[name];
    const selected = restriction === undefined ? series : `${series} ${restriction}`;
    return `label_replace(sum by (${scheme.functionLabel}) (${selected}), ` +
      `"metric", "${metric}", "", "")`;
  });
}

function schedulerTerms(names: MetricNames): string[] {
  return (["scheduling", "placement"] as const).flatMap((column) => {
    const histogram = names[column];
    if (histogram === null) return [];
    return [50, 99].map((percentile) =>
      `label_replace(1000 * histogram_quantile(${percentile / 100}, ` +
      `sum by (le) (rate(${histogram}_bucket[${SCHEDULER_WINDOW}]))), ` +
      `"quantile_of", "${column}_p${percentile}_ms", "", "")`
    );
  });
}

/** Options of {@linkcode createKnativeMetricsScraper}. */
export interface KnativeScraperOptions {
  readonly metrics: KnativeMetrics;
  /** The key of each function by its name as deployed. */
  readonly functionIds: ReadonlyMap<string, string>;
  /** True if it writes the table of scales as well; not where they are watched. */
  readonly withScales: boolean;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Scrapes Knative's metrics; without Prometheus its rows are gaps, and a note says so. */
export function createKnativeMetricsScraper(options: KnativeScraperOptions): Scraper {
  const { metrics, functionIds, withScales, everyMs, timeoutMs } = options;
  const chosen = (rows: readonly ScrapedRow[]) =>
    withScales ? rows : rows.filter(({ table }) => table !== SCALES);
  return {
    name: "Knative's metrics",
    tables: withScales ? [PLATFORM_METRICS, SCALES] : [PLATFORM_METRICS],
    everyMs,
    timeoutMs,
    scrape: async (signal) => chosen(await metrics.scrape(functionIds, signal)),
    gap: () => chosen(derivePlatformRows([], functionIds)),
  };
}
