import type { Finding } from "../../finding.ts";
import { problem } from "../../finding.ts";
import {
  CHANGED_OBJECT,
  ClusterSettings,
  describeRestored,
  readMarker,
} from "../settings/cluster_settings.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { CHANGED_CONFIG_MAP, SERVING_NAMESPACE } from "./rights.ts";

/** Whether a run has changed settings and not put them back: it is under way, or has crashed. */
export async function checkLeftSettings(
  access: KubeAccess,
  signal: AbortSignal,
): Promise<Finding[]> {
  const marker = readMarker(
    await access.core.readNamespacedConfigMap({
      namespace: SERVING_NAMESPACE,
      name: CHANGED_CONFIG_MAP,
    }),
  );
  if (marker === null) return [];
  return [
    problem(
      "settings",
      `The run ${marker.run} on ${marker.host} changed ${
        Object.keys(marker.after).length
      } settings (${CHANGED_OBJECT}) at ${marker.since} and has not put them back: it is under ` +
        `way, or has crashed.`,
      `deno task clean --platform knative --run ${marker.run}`,
      async () => {
        const restored = await new ClusterSettings({ access, runId: "doctor" }).recover(signal);
        return {
          sentence: restored === null
            ? `The run ${marker.run} has put its settings back meanwhile.`
            : describeRestored(restored),
          undo: null,
        };
      },
    ),
  ];
}
