import { errorMessage } from "../../../base/error.ts";
import { untilAborted } from "../../../base/signal.ts";
import { Deadline } from "../../../clock/deadline.ts";
import type { Scraper } from "../../../model/platform.ts";
import { createKnativeMetricsScraper, KnativeMetrics } from "../../../scrape/knative_metrics.ts";
import {
  createMetricsServerScraper,
  type MetricsServerScraper,
} from "../../../scrape/metrics_server.ts";
import {
  createPrometheusApi,
  createProxiedPrometheusApi,
  parseServicePlace,
  type PrometheusApi,
} from "../../../scrape/prometheus_api.ts";
import type { V1Service } from "@kubernetes/client-node";
import { SERVING_NAMESPACE } from "../cluster/rights.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";

/** Options of {@linkcode openClusterScrapers}. */
export interface ClusterScrapersOptions {
  readonly access: KubeAccess;
  /** URL, or `NAMESPACE/SERVICE:PORT`; `null`: found among the cluster's services. */
  readonly prometheus: string | null;
  /** Selects what belongs to the run. */
  readonly labelSelector: string;
  /** The key of each function by its name as deployed. */
  readonly functionIds: ReadonlyMap<string, string>;
  /** Scales are watched, so that they need not be scraped. */
  readonly areScalesWatched: boolean;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Port of Prometheus where nothing else is said (its documentation). */
const PROMETHEUS_PORT = 9090;

/** How long a run may wait to know the names of the metrics. */
const LONGEST_DETECTION_MS = 3000;

/** Scrapers that ask a cluster again and again during a run. */
export interface ClusterScrapers {
  readonly scrapers: readonly Scraper[];
  /**
   * Finds out by which names Knative's metrics are known, for {@linkcode describe}.
   * A Prometheus that is away delays nothing for long; it is asked again when scraped.
   */
  detect(): Promise<void>;
  /** Facts for the manifest. */
  describe(): Record<string, unknown>;
  /** What a reader of the figures should know: gaps and why. */
  notes(): string[];
}

/**
 * Makes the scrapers of Prometheus and of the metrics API. What is not there, or
 * may not be asked, is noted; it never ends a run.
 *
 * @throws LoaderError `usage` when the place of Prometheus is none
 */
export async function openClusterScrapers(
  options: ClusterScrapersOptions,
): Promise<ClusterScrapers> {
  const { access, labelSelector, functionIds, areScalesWatched, everyMs, timeoutMs } = options;
  const { prometheus, trouble } = await openPrometheus(access, options.prometheus);
  const metrics = prometheus === null
    ? null
    : new KnativeMetrics({ prometheus, namespace: access.namespace });
  const usage: MetricsServerScraper = createMetricsServerScraper({
    readText: access.readText,
    groups: [
      { group: "instances", namespace: access.namespace, labelSelector },
      { group: "system", namespace: SERVING_NAMESPACE },
    ],
    originUnixMs: access.clock.originUnixMs,
    everyMs,
    timeoutMs,
  });
  const scrapers: Scraper[] = [usage];
  if (metrics !== null) {
    scrapers.push(createKnativeMetricsScraper({
      metrics,
      functionIds,
      withScales: !areScalesWatched,
      everyMs,
      timeoutMs,
    }));
  }
  return {
    scrapers,
    detect: async () => {
      if (metrics === null) return;
      using deadline = new Deadline(access.clock, LONGEST_DETECTION_MS);
      await untilAborted(deadline.signal, metrics.detect(deadline.signal)).catch(() => {});
    },
    describe: () => metrics?.describe() ?? { prometheus: null, metricNames: null },
    notes:
      () => [...(trouble === null ? [] : [trouble]), ...metrics?.notes() ?? [], ...usage.notes()],
  };
}

async function openPrometheus(
  access: KubeAccess,
  given: string | null,
): Promise<{ readonly prometheus: PrometheusApi | null; readonly trouble: string | null }> {
  let place = given;
  if (place === null) {
    try {
      place = choosePrometheus((await access.core.listServiceForAllNamespaces()).items);
    } catch (error) {
      return { prometheus: null, trouble: noPrometheus(errorMessage(error)) };
    }
  }
  if (place === null) {
    return { prometheus: null, trouble: noPrometheus("no service of the cluster looks like it") };
  }
  const prometheus = /^https?:/.test(place)
    ? createPrometheusApi(place)
    : createProxiedPrometheusApi(parseServicePlace(place), access.readText);
  return { prometheus, trouble: null };
}

/** The service of a Prometheus as `namespace/name:port`; `null`: there is none. */
export function choosePrometheus(services: readonly V1Service[]): string | null {
  const found = services.filter(({ metadata, spec }) =>
    (metadata?.labels?.["app.kubernetes.io/name"] === "prometheus" ||
      /prometheus/.test(metadata?.name ?? "")) &&
    (spec?.ports ?? []).some(({ port }) => port === PROMETHEUS_PORT)
  );
  // The operator's own has no address; any other will do as well.
  const best = found.find(({ spec }) => spec?.clusterIP !== "None") ?? found[0];
  return best === undefined
    ? null
    : `${best.metadata?.namespace}/${best.metadata?.name}:${PROMETHEUS_PORT}`;
}

function noPrometheus(why: string): string {
  return `No Prometheus was found (${why}), so Knative's own metrics are unknown; name one with ` +
    "--prometheus, a URL or NAMESPACE/SERVICE:PORT.";
}
