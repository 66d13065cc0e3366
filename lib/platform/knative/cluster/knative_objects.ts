/** An object that is asked for by its path in the API. */
export interface ObjectPlace {
  /** Such as `serving.knative.dev`. */
  readonly group: string;
  readonly version: string;
  /** Such as `services`. */
  readonly plural: string;
}

/** Where Knative Services are in the API. */
export const SERVICES = {
  group: "serving.knative.dev",
  version: "v1",
  plural: "services",
} as const satisfies ObjectPlace;

/** Where pods are in the API. */
export const PODS = { group: "", version: "v1", plural: "pods" } as const satisfies ObjectPlace;

/** Path of the objects of a kind in a namespace. */
export function pathOf({ group, version, plural }: ObjectPlace, namespace: string): string {
  const api = group === "" ? "/api" : `/apis/${group}`;
  return `${api}/${version}/namespaces/${namespace}/${plural}`;
}

/**
 * What Knative and Kubernetes make of a service, with its labels, top-down, and the garbage
 * collector removes after it: as long as it is there, instances may still be started, and a service
 * of the same name is refused ("an existing Route that we do not own").
 */
export const MADE_OF_SERVICES = {
  route: { group: "serving.knative.dev", version: "v1", plural: "routes" },
  configuration: { group: "serving.knative.dev", version: "v1", plural: "configurations" },
  revision: { group: "serving.knative.dev", version: "v1", plural: "revisions" },
  ingress: { group: "networking.internal.knative.dev", version: "v1alpha1", plural: "ingresses" },
  podautoscaler: {
    group: "autoscaling.internal.knative.dev",
    version: "v1alpha1",
    plural: "podautoscalers",
  },
  metric: { group: "autoscaling.internal.knative.dev", version: "v1alpha1", plural: "metrics" },
  serverlessservice: {
    group: "networking.internal.knative.dev",
    version: "v1alpha1",
    plural: "serverlessservices",
  },
  deployment: { group: "apps", version: "v1", plural: "deployments" },
  replicaset: { group: "apps", version: "v1", plural: "replicasets" },
} as const satisfies Record<string, ObjectPlace>;

/** A condition of a Knative object. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
}

/** What we read and set of a container; the rest goes to the cluster as it stands. */
export interface ContainerTemplate {
  readonly image: string;
  readonly ports?: readonly unknown[];
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string | number>>;
    readonly limits?: Readonly<Record<string, string | number>>;
  };
}

/** What a template of a Knative Service says of its instances. */
export interface RevisionTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containerConcurrency?: number;
    readonly timeoutSeconds?: number;
    readonly containers: readonly ContainerTemplate[];
  };
}

/** A Knative Service (`serving.knative.dev/v1`) as it is applied. */
export interface KnativeService {
  readonly apiVersion: "serving.knative.dev/v1";
  readonly kind: "Service";
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly template: RevisionTemplate };
}

/** A Knative Service as the API server shows it. */
export interface LiveService {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly url?: string;
    readonly latestCreatedRevisionName?: string;
  };
}

/** What we read of a revision. */
export interface LiveRevision {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** What we read of a pod. */
export interface LivePod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** What we read of a container's state. */
export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** See {@linkcode ContainerStatus}. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

/** Data of config maps by name; `null`: it is not there. */
export type ConfigMaps = ReadonlyMap<string, Readonly<Record<string, string>> | null>;

/** The state of a condition; `undefined` while there is none. */
export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** Who manages an object (Kubernetes' recommended labels). */
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

/** Value of {@linkcode MANAGED_BY_LABEL} on everything that is ours. */
export const MANAGED_BY = "loader";

/** The run that an object belongs to. */
export const RUN_LABEL = "loader/run";

/** Index of the function in the schedule. */
export const FUNCTION_LABEL = "loader/function";

/** Key of the function in the trace, as an annotation: it may have what labels may not. */
export const FUNCTION_ID_ANNOTATION = "loader/function-id";

/** The annotation that keeps instances of a function. */
export const MIN_SCALE_ANNOTATION = "autoscaling.knative.dev/min-scale";

/** The Knative Service that a pod, a revision or a PodAutoscaler belongs to; Knative sets it. */
export const KNATIVE_SERVICE_LABEL = "serving.knative.dev/service";

/** What a label's value may be (Kubernetes, "Labels and Selectors"). */
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;

/** Labels of an object of a run. */
export function labelsOf(runId: string): Record<string, string> {
  return { [MANAGED_BY_LABEL]: MANAGED_BY, [RUN_LABEL]: runId };
}

/** Selects what belongs to a run; `null`: to any run of ours. */
export function selectorOf(runId: string | null): string {
  const ours = `${MANAGED_BY_LABEL}=${MANAGED_BY},${RUN_LABEL}`;
  return runId === null ? ours : `${ours}=${runId}`;
}

/** The text may be the value of a label. */
export function isLabelValue(text: string): boolean {
  return LABEL_VALUE.test(text);
}
