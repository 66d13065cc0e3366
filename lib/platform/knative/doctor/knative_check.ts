import type { V1Deployment } from "@kubernetes/client-node";
import { formatAddress } from "../../../base/address.ts";
import { LoaderError } from "../../../base/error.ts";
import { type Finding, okay, problem } from "../../finding.ts";
import { checkGateway as exchangeWords, resolveGateway } from "../cluster/gateway_address.ts";
import {
  isConflict,
  type KubeAccess,
  kubeError,
  type NamedObject,
} from "../cluster/kube_access.ts";
import { SERVICES } from "../cluster/knative_objects.ts";
import { SERVING_NAMESPACE } from "../cluster/rights.ts";
import { parseGatewayChoice } from "../knative_options.ts";
import type { ConfigMaps } from "../cluster/knative_objects.ts";
import type { Checkup } from "./checkup.ts";

/** The deployments without which nothing is served (Knative Serving's own). */
const PARTS: readonly string[] = ["activator", "autoscaler", "controller", "webhook"];

/** Checks that Knative Serving is there and its parts are ready. */
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

/**
 * Checks that Knative accepts a function as it will be deployed: asked as a dry run,
 * which its webhooks see and which makes nothing. This covers the features that
 * a template needs (config-features).
 */
export async function checkTemplate(
  { custom, namespace }: Pick<KubeAccess, "custom" | "namespace">,
  service: NamedObject,
): Promise<Finding[]> {
  try {
    await custom.createNamespacedCustomObject({
      ...SERVICES,
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

/** Checks that there is an ingress and that it speaks HTTP/2 at its address. */
export async function checkGateway(
  { access, gateway, signal }: Checkup,
  configMaps: ConfigMaps,
): Promise<Finding[]> {
  try {
    const choice = parseGatewayChoice(gateway);
    const { items: nodes } = choice.kind === "found" ? await access.core.listNode() : { items: [] };
    const address = await resolveGateway(access, choice, { configMaps, nodes });
    if (address === null) {
      return [okay("gateway", "Calls go to the URL that each service says once it is up.")];
    }
    await exchangeWords(access, address, signal);
    const how = choice.kind === "found" ? "of the ingress service" : "as it is given";
    return [okay("gateway", `The gateway, ${formatAddress(address)} ${how}, speaks HTTP/2.`)];
  } catch (error) {
    if (signal.aborted || !(error instanceof LoaderError)) throw error;
    return [problem("gateway", error.message, "kubectl get services -A")];
  }
}
