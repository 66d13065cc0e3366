import { MADE_OF_SERVICES, PODS } from "./knative_objects.ts";

/**
 * Where a right is needed: in the namespace of the functions, in that of Knative,
 * in the whole cluster, or in the namespace of a Prometheus that is reached
 * through the API server.
 */
export type RightScope = "functions" | "serving" | "cluster" | "prometheus";

/** What the tool asks of the API server, and why. */
export interface Right {
  readonly scope: RightScope;
  readonly group: string;
  /** Plural, with a subresource as in `services/proxy`. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** The only objects that it is needed for; absent: all. */
  readonly names?: readonly string[];
  /** What cannot be done without it, completes "cannot …". */
  readonly purpose: string;
  /** A run can be made without it. */
  readonly isOptional?: true;
  /** Functions cannot be deployed, followed or removed without it: see `requireRights`. */
  readonly isVital?: true;
}

/** The namespace in which Knative Serving is installed (its documentation). */
export const SERVING_NAMESPACE = "knative-serving";

/** The settings of Knative that a run depends on. */
export const READ_CONFIG_MAPS: readonly string[] = [
  "config-autoscaler",
  "config-defaults",
  "config-deployment",
  "config-domain",
  "config-features",
  "config-network",
  "config-observability",
];

/** The settings that a run with a warm-up changes. */
export const CHANGED_CONFIG_MAP = "config-autoscaler";

/** Held by the run that changes settings of the whole cluster. */
export const SETTINGS_LEASE = "loader-settings";

/** Restarted between the runs of a sweep. */
export const ACTIVATOR = "activator";

/**
 * Every right that the tool uses. `config/rbac.yaml` grants these and no others;
 * a test compares the two.
 */
export const RIGHTS: readonly Right[] = [
  {
    scope: "functions",
    group: "serving.knative.dev",
    resource: "services",
    verbs: ["create", "delete", "list", "watch"],
    purpose: "deploy functions, wait for them and remove them",
    isVital: true,
  },
  {
    scope: "functions",
    group: "serving.knative.dev",
    resource: "revisions",
    verbs: ["get"],
    purpose: "say why a function fails to come up",
  },
  {
    scope: "functions",
    group: "autoscaling.internal.knative.dev",
    resource: "podautoscalers",
    verbs: ["list", "patch", "watch"],
    purpose: "follow the scales of functions and reset them after the warm-up",
  },
  {
    scope: "functions",
    group: "",
    resource: "pods",
    verbs: ["list", "watch"],
    purpose: "follow the lives of instances",
    isVital: true,
  },
  ...[PODS, ...Object.values(MADE_OF_SERVICES)].map(({ group, plural }): Right => ({
    scope: "functions",
    group,
    resource: plural,
    // Those that are missing here are asked for above.
    verbs: plural === "pods" || plural === "podautoscalers"
      ? ["delete"]
      : ["delete", "list", "watch"],
    purpose: "wait until functions are gone, and delete what the garbage collector leaves",
    isOptional: true,
  })),
  {
    scope: "functions",
    group: "",
    resource: "events",
    verbs: ["list", "watch"],
    purpose: "say why an instance fails to start",
  },
  {
    scope: "serving",
    group: "",
    resource: "configmaps",
    verbs: ["get"],
    names: READ_CONFIG_MAPS,
    purpose: "read Knative's settings",
  },
  {
    scope: "serving",
    group: "",
    resource: "configmaps",
    verbs: ["patch"],
    names: [CHANGED_CONFIG_MAP],
    purpose: "change the autoscaler's settings for a warm-up and put them back",
  },
  {
    scope: "serving",
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create"],
    purpose: "keep two runs from changing Knative's settings at once",
  },
  {
    scope: "serving",
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["delete", "get", "update"],
    names: [SETTINGS_LEASE],
    purpose: "keep two runs from changing Knative's settings at once",
  },
  {
    scope: "serving",
    group: "apps",
    resource: "deployments",
    verbs: ["list"],
    purpose: "see Knative's version and whether its parts are ready",
  },
  {
    scope: "serving",
    group: "apps",
    resource: "deployments",
    verbs: ["get", "patch"],
    names: [ACTIVATOR],
    purpose: "restart the activator between the runs of a sweep",
  },
  {
    scope: "serving",
    group: "metrics.k8s.io",
    resource: "pods",
    verbs: ["list"],
    purpose: "scrape CPU and memory of Knative itself",
    isOptional: true,
  },
  {
    scope: "cluster",
    group: "",
    resource: "services",
    verbs: ["list"],
    purpose: "find the gateway and Prometheus",
  },
  {
    scope: "cluster",
    group: "",
    resource: "nodes",
    verbs: ["list"],
    purpose: "see what the cluster can carry",
  },
  {
    scope: "cluster",
    group: "",
    resource: "pods",
    verbs: ["list"],
    purpose: "see what other pods take of the nodes",
    isOptional: true,
  },
  {
    scope: "cluster",
    group: "metrics.k8s.io",
    resource: "nodes",
    verbs: ["list"],
    purpose: "scrape CPU and memory of the nodes",
    isOptional: true,
  },
  {
    scope: "functions",
    group: "metrics.k8s.io",
    resource: "pods",
    verbs: ["list"],
    purpose: "scrape CPU and memory of the instances",
    isOptional: true,
  },
  {
    scope: "prometheus",
    group: "",
    resource: "services/proxy",
    verbs: ["get"],
    purpose: "query Prometheus through the API server",
    isOptional: true,
  },
  {
    scope: "prometheus",
    group: "apps",
    resource: "statefulsets",
    verbs: ["get", "patch"],
    purpose: "restart Prometheus between the runs of a sweep",
    isOptional: true,
  },
  {
    scope: "cluster",
    group: "apps",
    resource: "statefulsets",
    verbs: ["list"],
    purpose: "find the Prometheus to restart between the runs of a sweep",
    isOptional: true,
  },
];

/** One question to the API server. */
export interface AskedRight {
  readonly right: Right;
  readonly verb: string;
  /** `null`: the whole cluster. */
  readonly namespace: string | null;
  /** `null`: any object. */
  readonly name: string | null;
}

/** The namespaces that scopes stand for; a scope without one is not asked for. */
export interface ScopeNamespaces {
  readonly functions: string;
  readonly serving: string;
  /** `null`: Prometheus is not reached through the API server. */
  readonly prometheus: string | null;
}

/** Every verb on every object of the table as a question. */
export function listAskedRights(
  namespaces: ScopeNamespaces,
  rights: readonly Right[] = RIGHTS,
): AskedRight[] {
  return rights.flatMap((right) => {
    const namespace = right.scope === "cluster" ? null : namespaces[right.scope];
    if (right.scope === "prometheus" && namespace === null) return [];
    const names: readonly (string | null)[] = right.names ?? [null];
    return right.verbs.flatMap((verb) => names.map((name) => ({ right, verb, namespace, name })));
  });
}

/** A resource as kubectl and error messages write it: `services.serving.knative.dev`. */
export function formatResource({ group, resource }: Pick<Right, "group" | "resource">): string {
  const [plural, subresource] = resource.split("/");
  const full = group === "" ? plural : `${plural}.${group}`;
  return subresource === undefined ? full : `${full}/${subresource}`;
}

/** What an administrator types to make an account with all rights for a namespace. */
export function roleCommand(
  functionsNamespace: string,
  prometheusNamespace: string | null = null,
): string {
  const command = `deno task role --namespace ${functionsNamespace}`;
  return prometheusNamespace === null
    ? command
    : `${command} --prometheus-namespace ${prometheusNamespace}`;
}
