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

/** Whether a text may be the value of a label. */
export function isLabelValue(text: string): boolean {
  return LABEL_VALUE.test(text);
}
