import type { V1ConfigMap } from "@kubernetes/client-node";
import { isNotFound, type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import type { ConfigMaps, RevisionTemplate } from "../cluster/knative_objects.ts";
import { READ_CONFIG_MAPS, SERVING_NAMESPACE } from "../cluster/rights.ts";
import { parseCpuMilli } from "../../../scrape/kubernetes_quantity.ts";
import { deriveRestoration, readMarker, type SettingValues } from "./phase_settings.ts";

/**
 * Reads Knative's settings: those in force for a run to come, so that what another run has set
 * for its own phases, and puts back, does not count.
 *
 * @throws LoaderError `platform` when they cannot be read
 */
export async function readConfigMaps(
  { core }: Pick<KubeAccess, "core">,
): Promise<ConfigMaps> {
  const read = async (name: string) => {
    try {
      const map = await core.readNamespacedConfigMap({ namespace: SERVING_NAMESPACE, name });
      return [name, settingsWithoutRun(map)] as const;
    } catch (error) {
      if (isNotFound(error)) return [name, null] as const;
      throw kubeError(error, `read Knative's settings (${name})`);
    }
  };
  return new Map(await Promise.all(READ_CONFIG_MAPS.map(read)));
}

/** The settings of a config map as they are once a run that has changed some puts them back. */
export function settingsWithoutRun(map: V1ConfigMap): Readonly<Record<string, string>> {
  const data = map.data ?? {};
  const marker = readMarker(map);
  if (marker === null) return data;
  const restored: SettingValues = { ...data, ...deriveRestoration(marker, data).values };
  return Object.fromEntries(
    Object.entries(restored).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** `QueueSidecarCPURequestDefault` in `pkg/deployment/config.go` of knative/serving. */
const QUEUE_PROXY_CPU = "25m";

/** CPU that the queue-proxy of each instance requests, by the cluster's settings. */
export function queueProxyCpuMilliOf(configMaps: ConfigMaps): number {
  const { "queue-sidecar-cpu-request": cpu } = configMaps.get("config-deployment") ?? {};
  return parseCpuMilli(cpu ?? QUEUE_PROXY_CPU);
}

/** `DefaultRevisionTimeoutSeconds` in `pkg/apis/config/defaults.go`. */
const REQUEST_TIMEOUT_S = 300;

/**
 * Longest time that a request may take, its wait for an instance included, by the
 * service's template or else the cluster's settings.
 */
export function requestTimeoutMsOf(
  { spec: { template } }: { readonly spec: { readonly template: Pick<RevisionTemplate, "spec"> } },
  configMaps: ConfigMaps,
): number {
  const { timeoutSeconds } = template.spec;
  const { "revision-timeout-seconds": ofCluster } = configMaps.get("config-defaults") ?? {};
  const seconds = Number(timeoutSeconds ?? ofCluster ?? REQUEST_TIMEOUT_S);
  return 1000 * (seconds > 0 ? seconds : REQUEST_TIMEOUT_S);
}
