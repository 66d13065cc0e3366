import { setHeaderOptions, type V1Deployment } from "@kubernetes/client-node";
import { sleep, wallClockDate } from "../../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../../base/error.ts";
import { ACTIVATOR, SERVING_NAMESPACE } from "../cluster/rights.ts";
import { isNotFound, type KubeAccess, kubeError, persist } from "../cluster/kube_access.ts";

/** What is restarted so that a run does not inherit the state of the one before. */
export interface ResetSetting {
  readonly activator: boolean;
  readonly prometheus: boolean;
  readonly signal: AbortSignal;
  /** Told what is not done, and why. */
  readonly onNote: (sentence: string) => void;
}

/** How long after the restart In-Vitro waited, so that routes and scrapes find the new ones. */
const PAUSE_MS = 5000;

/** Longest that a restart may take. */
const RESTART_MS = 120_000;

const POLL_MS = 500;

/** What the operator and the charts of Prometheus label it with. */
const PROMETHEUS_SELECTOR = "app.kubernetes.io/name=prometheus";

/** As `kubectl rollout restart` marks it. */
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/**
 * Restarts the activator, and Prometheus, which forgets what it has scraped,
 * waits until they are ready, and a moment more. What may not be restarted stays
 * as it is, and is noted.
 *
 * @throws LoaderError `platform` when one does not become ready; the signal's
 * reason when it aborts
 */
export async function resetCluster(access: KubeAccess, setting: ResetSetting): Promise<void> {
  const restarted = await Promise.all([
    setting.activator ? restartActivator(access, setting) : false,
    setting.prometheus ? restartPrometheus(access, setting) : false,
  ]);
  if (restarted.includes(true)) await sleep(access.clock, PAUSE_MS, setting.signal);
}

async function restartActivator(access: KubeAccess, setting: ResetSetting): Promise<boolean> {
  const place = { namespace: SERVING_NAMESPACE, name: ACTIVATOR };
  const body = restartPatch();
  try {
    await access.apps.patchNamespacedDeployment({ ...place, body }, STRATEGIC_MERGE);
  } catch (error) {
    setting.onNote(
      `The activator was not restarted: ${errorMessage(kubeError(error, "restart it"))}`,
    );
    return false;
  }
  await waitUntil(
    access,
    setting,
    "the activator",
    async () => isRolledOut(await access.apps.readNamespacedDeployment(place)),
  );
  return true;
}

/** Where it runs as the operator's StatefulSet; one elsewhere is left alone. */
async function restartPrometheus(access: KubeAccess, setting: ResetSetting): Promise<boolean> {
  try {
    const { items } = await access.apps.listStatefulSetForAllNamespaces({
      labelSelector: PROMETHEUS_SELECTOR,
    });
    const [set] = items;
    if (set === undefined) return false;
    const place = { namespace: set.metadata!.namespace!, name: set.metadata!.name! };
    await access.apps.patchNamespacedStatefulSet(
      { ...place, body: restartPatch() },
      STRATEGIC_MERGE,
    );
    await waitUntil(access, setting, "Prometheus", async () => {
      const { metadata, spec, status } = await access.apps.readNamespacedStatefulSet(place);
      return status?.observedGeneration === metadata?.generation &&
        status?.updatedReplicas === spec?.replicas && status?.readyReplicas === spec?.replicas;
    });
    return true;
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    setting.signal.throwIfAborted();
    setting.onNote(
      `Prometheus was not restarted: ${errorMessage(kubeError(error, "restart it"))}`,
    );
    return false;
  }
}

const STRATEGIC_MERGE = setHeaderOptions(
  "Content-Type",
  "application/strategic-merge-patch+json",
);

function restartPatch() {
  const annotations = { [RESTARTED_AT]: wallClockDate().toISOString() };
  return { spec: { template: { metadata: { annotations } } } };
}

/** All of a deployment's pods are of its newest template, and ready. */
export function isRolledOut({ metadata, spec, status }: V1Deployment): boolean {
  const replicas = spec?.replicas ?? 1;
  return status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === replicas && status?.replicas === replicas &&
    status?.availableReplicas === replicas;
}

async function waitUntil(
  access: KubeAccess,
  { signal }: ResetSetting,
  what: string,
  isDone: () => Promise<boolean>,
): Promise<void> {
  const untilMs = access.clock.nowMs() + RESTART_MS;
  while (
    !await persist(access, isDone, { doing: `wait for ${what} to restart`, untilMs, signal })
      .catch((error) => {
        if (isNotFound(error)) return true;
        throw error;
      })
  ) {
    if (access.clock.nowMs() >= untilMs) {
      throw new LoaderError(
        "platform",
        `${what[0].toUpperCase()}${what.slice(1)} is not ready ${RESTART_MS / 1000} s after its ` +
          `restart; see what holds it, or leave it alone (--no-restart-activator, ` +
          `--no-restart-prometheus).`,
      );
    }
    await sleep(access.clock, POLL_MS, signal);
  }
}
