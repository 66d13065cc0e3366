import { type Finding, okay, warning } from "../../finding.ts";
import { kubeError } from "../cluster/kube_access.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { parseCpuMilli } from "../../../scrape/kubernetes_quantity.ts";

/** Whether CPU and memory of the nodes can be scraped. */
export async function checkMetrics({ custom }: Pick<KubeAccess, "custom">): Promise<Finding[]> {
  try {
    const { items } = await custom.listClusterCustomObject({
      group: "metrics.k8s.io",
      version: "v1beta1",
      plural: "nodes",
    }) as { readonly items: readonly { readonly usage: { readonly cpu: string } }[] };
    if (items.length === 0) return [unknown("The metrics API knows no node yet")];
    const cores = items.reduce((sum, { usage }) => sum + parseCpuMilli(usage.cpu), 0) / 1000;
    return [
      okay(
        "metrics API",
        `The metrics API tells of ${items.length} ${items.length === 1 ? "node" : "nodes"}, ` +
          `which use ${cores.toFixed(1)} cores now.`,
      ),
    ];
  } catch (error) {
    return [unknown(kubeError(error, "read the metrics API").message.replace(/\.$/, ""))];
  }
}

function unknown(why: string): Finding {
  return warning(
    "metrics API",
    `${why}; CPU and memory of nodes and instances stay unknown.`,
    "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
  );
}
