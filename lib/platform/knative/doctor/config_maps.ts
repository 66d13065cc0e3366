import type { V1ConfigMap } from "@kubernetes/client-node";
import { readMarker } from "../settings/cluster_settings.ts";
import { isNotFound, type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import { deriveRestoration, type SettingValues } from "../settings/phase_settings.ts";
import type { ConfigMaps } from "./checkup.ts";
import { READ_CONFIG_MAPS, SERVING_NAMESPACE } from "./rights.ts";

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
