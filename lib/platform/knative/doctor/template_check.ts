import { type Finding, okay, problem } from "../../finding.ts";
import { isConflict, type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import type { NamedObject } from "../cluster/kube_access.ts";

/**
 * Whether Knative accepts a function as it will be deployed: asked as a dry run,
 * which its webhooks see and which makes nothing. This covers the features that
 * a template needs (config-features).
 */
export async function checkTemplate(
  { custom, namespace }: Pick<KubeAccess, "custom" | "namespace">,
  service: NamedObject,
): Promise<Finding[]> {
  try {
    await custom.createNamespacedCustomObject({
      group: "serving.knative.dev",
      version: "v1",
      plural: "services",
      namespace,
      body: service,
      dryRun: "All",
    });
  } catch (error) {
    if (!isConflict(error)) {
      return [
        problem(
          "template",
          kubeError(error, `deploy a function into the namespace ${namespace}`).message,
          /not there|not found/.test(String(kubeError(error, "").message))
            ? `kubectl create namespace ${namespace}`
            : null,
        ),
      ];
    }
  }
  return [
    okay("template", `Knative accepts a function in the namespace ${namespace} (dry run).`),
  ];
}
