import { isNotFound, type KubeAccess, kubeError } from "../kube_access.ts";
import type { ConfigMaps } from "./checkup.ts";
import { READ_CONFIG_MAPS, SERVING_NAMESPACE } from "./rights.ts";

/**
 * Reads Knative's settings.
 *
 * @throws LoaderError `platform` when they cannot be read
 */
export async function readConfigMaps(
  { core }: Pick<KubeAccess, "core">,
): Promise<ConfigMaps> {
  const read = async (name: string) => {
    try {
      const { data } = await core.readNamespacedConfigMap({ namespace: SERVING_NAMESPACE, name });
      return [name, data ?? {}] as const;
    } catch (error) {
      if (isNotFound(error)) return [name, null] as const;
      throw kubeError(error, `read Knative's settings (${name})`);
    }
  };
  return new Map(await Promise.all(READ_CONFIG_MAPS.map(read)));
}
