import { textOption } from "../option/option.ts";

const KNATIVE_ONLY = {
  platforms: ["knative"],
  default: null,
  decidesResult: false,
} as const;

/** How a cluster is reached. */
export const CLUSTER_OPTIONS = {
  kubeconfig: textOption<string | null>("file", {
    ...KNATIVE_ONLY,
    meaning: "how to reach the cluster (default: KUBECONFIG, ~/.kube/config, or the pod's own)",
  }),
  context: textOption<string | null>("name", {
    ...KNATIVE_ONLY,
    meaning: "context of it (default: its current one)",
  }),
  namespace: textOption<string | null>("name", {
    ...KNATIVE_ONLY,
    meaning: "namespace for the functions (default: the context's)",
  }),
  gateway: textOption<string | null>("host:port", {
    ...KNATIVE_ONLY,
    meaning: "where all calls go (default: the address of the ingress service)",
  }),
  prometheus: textOption<string | null>("url|service", {
    ...KNATIVE_ONLY,
    meaning: "Prometheus that scrapes Knative: a URL, or namespace/service:port through the API " +
      "server (default: looked for)",
  }),
};
