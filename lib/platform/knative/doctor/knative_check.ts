import type { V1Deployment } from "@kubernetes/client-node";
import { type Finding, okay, problem } from "../../finding.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { SERVING_NAMESPACE } from "./rights.ts";

/** The deployments without which nothing is served (Knative Serving's own). */
const PARTS: readonly string[] = ["activator", "autoscaler", "controller", "webhook"];

/** Whether Knative Serving is there and its parts are ready. */
export async function checkKnative({ apps }: Pick<KubeAccess, "apps">): Promise<Finding[]> {
  const { items } = await apps.listNamespacedDeployment({ namespace: SERVING_NAMESPACE });
  return [judgeParts(items)];
}

/** @param deployments those in Knative's namespace */
export function judgeParts(deployments: readonly V1Deployment[]): Finding {
  const byName = new Map(deployments.map((item) => [item.metadata?.name ?? "", item]));
  const missing = PARTS.filter((name) => !byName.has(name));
  if (missing.length > 0) {
    return problem(
      "Knative",
      missing.length === PARTS.length
        ? `There is no Knative Serving in ${SERVING_NAMESPACE}.`
        : `Knative lacks its ${missing.join(", ")} in ${SERVING_NAMESPACE}.`,
      "kubectl apply -f https://github.com/knative/serving/releases/latest/download/serving-core.yaml",
    );
  }
  const unready = PARTS.filter((name) => (byName.get(name)?.status?.readyReplicas ?? 0) === 0);
  if (unready.length > 0) {
    return problem(
      "Knative",
      `Knative's ${unready.join(", ")} ${unready.length === 1 ? "is" : "are"} not ready.`,
      `kubectl -n ${SERVING_NAMESPACE} get pods`,
    );
  }
  const version = byName.get("controller")?.metadata?.labels?.["app.kubernetes.io/version"];
  const activators = byName.get("activator")?.status?.readyReplicas ?? 0;
  return okay(
    "Knative",
    `Knative Serving ${version ?? "of unknown version"} is ready, with ${activators} ` +
      `${activators === 1 ? "activator" : "activators"}.`,
  );
}
