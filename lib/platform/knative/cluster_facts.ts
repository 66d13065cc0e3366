import type { V1Node, V1Pod } from "@kubernetes/client-node";
import { errorMessage } from "../../base/error.ts";
import { parseCpuMilli } from "../../scrape/kubernetes_quantity.ts";
import type { ConfigMaps } from "./cluster/knative_objects.ts";
import { type KubeAccess, kubeError } from "./cluster/kube_access.ts";
import { deriveRoom, type NodeRoom } from "./cluster/node_room.ts";
import { SERVING_NAMESPACE } from "./cluster/rights.ts";
import { readConfigMaps } from "./settings/config_maps.ts";

/** A cluster as it is found before anything is deployed. */
export interface ClusterFacts {
  /** Such as `v1.34.4`. */
  readonly kubernetes: string;
  /** `null`: not known, or not there. */
  readonly knative: string | null;
  readonly nodes: readonly V1Node[];
  /** Room on the nodes; `null`: they may not be looked at. */
  readonly room: NodeRoom | null;
  /** Cores of a node, where all are alike; else `null`. */
  readonly nodeCores: number | null;
  readonly configMaps: ConfigMaps;
  /** What could not be found out, and why. */
  readonly notes: readonly string[];
}

/**
 * Looks at a cluster. What we have no right to see is left out and noted.
 *
 * @throws LoaderError `platform` when the API server does not answer, or does not know us
 */
export async function readClusterFacts(access: KubeAccess): Promise<ClusterFacts> {
  const notes: string[] = [];
  const tolerate = async <T>(what: string, question: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await question;
    } catch (error) {
      notes.push(errorMessage(kubeError(error, what)));
      return otherwise;
    }
  };
  let kubernetes: string;
  try {
    ({ gitVersion: kubernetes } = await access.version.getCode());
  } catch (error) {
    throw kubeError(error, "ask the cluster for its version");
  }
  const [nodes, pods, configMaps, knative] = await Promise.all([
    tolerate<readonly V1Node[]>(
      "look at the nodes",
      access.core.listNode().then(({ items }) => items),
      [],
    ),
    tolerate<readonly V1Pod[]>(
      "see what runs on the nodes",
      access.core.listPodForAllNamespaces().then(({ items }) => items),
      [],
    ),
    tolerate<ConfigMaps>("read Knative's settings", readConfigMaps(access), new Map()),
    tolerate("ask for Knative's version", readKnativeVersion(access), null),
  ]);
  const cores = new Set(nodes.map(({ status }) => parseCpuMilli(status?.capacity?.cpu) / 1000));
  return {
    kubernetes,
    knative,
    nodes,
    room: nodes.length === 0 ? null : deriveRoom(nodes, pods),
    nodeCores: cores.size === 1 ? [...cores][0] : null,
    configMaps,
    notes,
  };
}

async function readKnativeVersion({ apps }: KubeAccess): Promise<string | null> {
  const { items } = await apps.listNamespacedDeployment({ namespace: SERVING_NAMESPACE });
  const controller = items.find(({ metadata }) => metadata?.name === "controller");
  return controller?.metadata?.labels?.["app.kubernetes.io/version"] ?? null;
}
