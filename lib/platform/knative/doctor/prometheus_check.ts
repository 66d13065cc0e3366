import type { V1Service } from "@kubernetes/client-node";
import { errorMessage } from "../../../base/error.ts";
import {
  createPrometheusApi,
  createProxiedPrometheusApi,
  parseServicePlace,
  type PrometheusApi,
} from "../../../scrape/prometheus_api.ts";
import { type Finding, okay, warning } from "../../finding.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import type { Checkup } from "./checkup.ts";

/** How many series Knative's parts have, by the names of old releases and of new ones. */
const KNATIVE_SERIES = 'count by (__name__) ({__name__=~"(autoscaler|activator|kn)_.+"})';

/** Port of Prometheus where nothing else is said (its documentation). */
const PROMETHEUS_PORT = 9090;

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

/** The namespace of a Prometheus that is reached through the API server; `null`: it is not. */
export function prometheusNamespace(place: string | null): string | null {
  return place === null || /^https?:/.test(place) ? null : parseServicePlace(place).namespace;
}

/** Whether Prometheus answers and scrapes Knative. */
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
  const { clock } = access;
  const end = new AbortController();
  const timer = clock.at(
    clock.nowMs() + ANSWER_WITHIN_MS,
    () => end.abort(new Error(`nothing within ${ANSWER_WITHIN_MS / 1000} s`)),
  );
  const onAbort = () => end.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const names = (await api.query(KNATIVE_SERIES, end.signal)).map(({ labels }) =>
      labels.__name__
    );
    return [judgeScraping(api.place, names)];
  } catch (error) {
    signal.throwIfAborted();
    return [
      warning("Prometheus", `${errorMessage(error)} Knative's own figures stay unknown.`, null),
    ];
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
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
  const scheme = isOld ? "those of releases up to 1.18" : "those of releases from 1.19 on";
  return okay(
    "Prometheus",
    `Prometheus at ${place} has ${names.length} metrics of Knative's, by the names of ${
      scheme.replace("those of ", "")
    }.`,
  );
}
