import { type LeftObjects, removeServices } from "./cleaner.ts";
import { ClusterSettings, describeRestored, readMarker } from "./cluster_settings.ts";
import { CHANGED_CONFIG_MAP, SERVING_NAMESPACE } from "./doctor_checks/rights.ts";
import { type KubeAccess, kubeError } from "./kube_access.ts";
import { type LiveService, SERVICES } from "./knative_objects.ts";
import { RUN_LABEL, selectorOf } from "./labels.ts";
import type { SettingsMarker } from "./phase_settings.ts";

/** What there is of ours on a cluster. */
export interface OwnObjects {
  readonly namespace: string;
  /** Names of services by run. */
  readonly runs: ReadonlyMap<string, readonly string[]>;
  /** Settings that a run has not put back; `null`: none. */
  readonly settings: SettingsMarker | null;
}

/** What a clean-up came to. */
export interface ClusterCleanUp {
  /** Sentences on what was done. */
  readonly done: readonly string[];
  /** Names of services and pods that did not go in time. */
  readonly left: readonly string[];
}

/**
 * Lists what is ours: of one run, or of all.
 *
 * @throws LoaderError `platform` when it cannot be listed
 */
export async function findOwnObjects(
  { core, custom, namespace }: KubeAccess,
  runId: string | null,
): Promise<OwnObjects> {
  try {
    const { items } = await custom.listNamespacedCustomObject({
      ...SERVICES,
      namespace,
      labelSelector: selectorOf(runId),
    }) as { readonly items: readonly LiveService[] };
    const runs = Map.groupBy(items, ({ metadata }) => metadata.labels?.[RUN_LABEL] ?? "?");
    const marker = readMarker(
      await core.readNamespacedConfigMap({
        namespace: SERVING_NAMESPACE,
        name: CHANGED_CONFIG_MAP,
      }),
    );
    return {
      namespace,
      runs: new Map(
        [...runs].map(([run, services]) => [run, services.map(({ metadata }) => metadata.name)]),
      ),
      settings: runId === null || marker?.run === runId ? marker : null,
    };
  } catch (error) {
    throw kubeError(error, `list what is ours in the namespace ${namespace}`);
  }
}

/**
 * Removes what is ours, of one run or of all, and waits until it is gone; puts
 * settings back that a run has left. What is not ours is not touched.
 *
 * @throws LoaderError `platform` when something cannot be removed, or a run that
 * still lives holds the settings
 */
export async function cleanCluster(
  access: KubeAccess,
  { runId, timeoutMs, signal, onProgress }: {
    /** `null`: all runs. */
    readonly runId: string | null;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onProgress?: (left: LeftObjects) => void;
  },
): Promise<ClusterCleanUp> {
  const { settings } = await findOwnObjects(access, runId);
  const done: string[] = [];
  const { services, runs, left } = await removeServices(access, {
    runId,
    timeoutMs,
    signal,
    onProgress,
  });
  if (services > 0) {
    done.push(
      `Removed ${services} ${services === 1 ? "service" : "services"} of ${
        runs.length === 1 ? `the run ${runs[0]}` : `${runs.length} runs`
      } from the namespace ${access.namespace}.`,
    );
  }
  if (settings !== null) {
    const restored = await new ClusterSettings({ access, runId: "clean-up" }).recover(signal);
    if (restored !== null) done.push(describeRestored(restored));
  }
  return { done, left };
}
