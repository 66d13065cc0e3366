import { choosePrometheus } from "../watch/cluster_scrapers.ts";
import { parseCpuMilli } from "../../../scrape/kubernetes_quantity.ts";
import { errorMessage } from "../../../base/error.ts";
import { Deadline } from "../../../clock/deadline.ts";
import {
  createPrometheusApi,
  createProxiedPrometheusApi,
  parseServicePlace,
  type PrometheusApi,
} from "../../../scrape/prometheus_api.ts";
import { type Finding, okay, warning } from "../../finding.ts";
import { type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import type { Checkup } from "./checkup.ts";

/** How many series Knative's parts have, by the names of old releases and of new ones. */
const KNATIVE_SERIES = 'count by (__name__) ({__name__=~"(autoscaler|activator|kn)_.+"})';

/** Longest that Prometheus may take. */
const ANSWER_WITHIN_MS = 15_000;

/** Where Prometheus is, as {@linkcode Checkup.prometheus} says it; `null`: not found. */
export async function findPrometheus(
  { access, prometheus }: Checkup,
): Promise<string | null> {
  if (prometheus !== null) return prometheus;
  const { items } = await access.core.listServiceForAllNamespaces();
  return choosePrometheus(items);
}

/** The namespace of a Prometheus that is reached through the API server; `null`: it is not. */
export function prometheusNamespace(place: string | null): string | null {
  return place === null || /^https?:/.test(place) ? null : parseServicePlace(place).namespace;
}

/** Checks that Prometheus answers and scrapes Knative. */
export async function checkPrometheus(
  access: KubeAccess,
  place: string | null,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (place === null) {
    return [
      warning(
        "Prometheus",
        "No Prometheus was found, so Knative's own figures stay unknown; name one with " +
          "--prometheus, a URL or namespace/service:port.",
        "kubectl get services -A",
      ),
    ];
  }
  const api: PrometheusApi = /^https?:/.test(place)
    ? createPrometheusApi(place)
    : createProxiedPrometheusApi(parseServicePlace(place), access.readText);
  const reason = new Error(`nothing within ${ANSWER_WITHIN_MS / 1000} s`);
  using deadline = new Deadline(access.clock, ANSWER_WITHIN_MS, { reason, signal });
  try {
    const names = (await api.query(KNATIVE_SERIES, deadline.signal)).map(({ labels }) =>
      labels.__name__
    );
    return [judgeScraping(api.place, names)];
  } catch (error) {
    signal.throwIfAborted();
    return [
      warning("Prometheus", `${errorMessage(error)} Knative's own figures stay unknown.`, null),
    ];
  }
}

/** @param names the metrics of Knative that Prometheus has */
export function judgeScraping(place: string, names: readonly string[]): Finding {
  const isOld = names.some((name) => /^(autoscaler|activator)_/.test(name));
  const isNew = names.some((name) => name.startsWith("kn_"));
  if (!isOld && !isNew) {
    return warning(
      "Prometheus",
      `Prometheus at ${place} answers, but has no metric of Knative's; have it scrape the ` +
        `autoscaler and the activator.`,
      "kubectl apply -f https://raw.githubusercontent.com/knative-extensions/monitoring/main/servicemonitor.yaml",
    );
  }
  const releases = isOld ? "releases up to 1.18" : "releases from 1.19 on";
  return okay(
    "Prometheus",
    `Prometheus at ${place} has ${names.length} metrics of Knative's, by the names of ${releases}.`,
  );
}

/** Checks that CPU and memory of the nodes can be scraped. */
export async function checkMetrics({ custom }: Pick<KubeAccess, "custom">): Promise<Finding[]> {
  try {
    const { items } = await custom.listClusterCustomObject({
      group: "metrics.k8s.io",
      version: "v1beta1",
      plural: "nodes",
    }) as { readonly items: readonly { readonly usage: { readonly cpu: string } }[] };
    if (items.length === 0) return [unknownUsage("The metrics API knows no node yet")];
    const cores = items.reduce((sum, { usage }) => sum + parseCpuMilli(usage.cpu), 0) / 1000;
    return [
      okay(
        "metrics API",
        `The metrics API tells of ${items.length} ${items.length === 1 ? "node" : "nodes"}, ` +
          `which use ${cores.toFixed(1)} cores now.`,
      ),
    ];
  } catch (error) {
    return [unknownUsage(kubeError(error, "read the metrics API").message.replace(/\.$/, ""))];
  }
}

function unknownUsage(why: string): Finding {
  return warning(
    "metrics API",
    `${why}; CPU and memory of nodes and instances stay unknown.`,
    "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
  );
}
