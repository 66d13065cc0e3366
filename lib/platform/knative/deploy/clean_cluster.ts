import { isLeft, type LeftObjects, removeServices } from "./cleaner.ts";
import { ClusterSettings, describeRestored } from "../settings/cluster_settings.ts";
import { readMarker, type SettingsMarker } from "../settings/phase_settings.ts";
import { CHANGED_CONFIG_MAP, SERVING_NAMESPACE } from "../cluster/rights.ts";
import { type KubeAccess, kubeError } from "../cluster/kube_access.ts";
import {
  MADE_OF_SERVICES,
  type ObjectPlace,
  RUN_LABEL,
  selectorOf,
  SERVICES,
} from "../cluster/knative_objects.ts";
import type { WatchedObject } from "../cluster/object_watch.ts";

/** What there is of a run on a cluster. */
export interface RunObjects {
  readonly services: number;
  /** Objects that were made of services which are gone. */
  readonly leftovers: number;
}

/** What there is of ours on a cluster. */
export interface OwnObjects {
  readonly namespace: string;
  /** By run. */
  readonly runs: ReadonlyMap<string, RunObjects>;
  /** Settings that a run has not put back; `null`: none. */
  readonly settings: SettingsMarker | null;
}

/** What a clean-up came to. */
export interface ClusterCleanUp {
  /** Sentences on what was done. */
  readonly done: readonly string[];
  /** Kinds and names of what did not go in time. */
  readonly left: readonly string[];
}

/**
 * Lists what is ours: of one run, or of all.
 *
 * @throws LoaderError `platform` when it cannot be listed
 */
export async function findOwnObjects(
  access: KubeAccess,
  runId: string | null,
): Promise<OwnObjects> {
  const { core, namespace } = access;
  try {
    const services = await listOwn(access, SERVICES, runId);
    const names = new Set(services.map(({ metadata }) => metadata.name));
    const made = await Promise.all(
      // What may not be seen is not counted.
      Object.values(MADE_OF_SERVICES).map((kind) => listOwn(access, kind, runId).catch(() => [])),
    );
    const leftovers = made.flat().filter((object) => isLeft(object, names));
    const countOf = (objects: readonly WatchedObject[], run: string) =>
      objects.filter(({ metadata }) => metadata.labels?.[RUN_LABEL] === run).length;
    const runs = new Set(
      [...services, ...leftovers].map(({ metadata }) => metadata.labels?.[RUN_LABEL] ?? "?"),
    );
    const marker = readMarker(
      await core.readNamespacedConfigMap({
        namespace: SERVING_NAMESPACE,
        name: CHANGED_CONFIG_MAP,
      }),
    );
    return {
      namespace,
      runs: new Map(
        [...runs].map((run) => [run, {
          services: countOf(services, run),
          leftovers: countOf(leftovers, run),
        }]),
      ),
      settings: runId === null || marker?.run === runId ? marker : null,
    };
  } catch (error) {
    throw kubeError(error, `list what is ours in the namespace ${namespace}`);
  }
}

async function listOwn(
  { custom, namespace }: KubeAccess,
  kind: ObjectPlace,
  runId: string | null,
): Promise<readonly WatchedObject[]> {
  const { items } = await custom.listNamespacedCustomObject({
    ...kind,
    namespace,
    labelSelector: selectorOf(runId),
  }) as { readonly items: readonly WatchedObject[] };
  return items;
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
  const { services, runs, leftovers, left } = await removeServices(access, {
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
  if (leftovers > 0) {
    done.push(
      `Deleted ${leftovers} ${leftovers === 1 ? "object" : "objects"} whose services were gone ` +
        `and that Kubernetes' garbage collector had not taken away.`,
    );
  }
  if (settings !== null) {
    const restored = await new ClusterSettings({ access, runId: "clean-up" }).recover(signal);
    if (restored !== null) done.push(describeRestored(restored));
  }
  return { done, left };
}
