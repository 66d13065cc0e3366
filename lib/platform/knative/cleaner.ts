import { type Clock, sleep } from "../../base/clock.ts";
import { isNotFound, type KubeAccess, kubeError, persist } from "./kube_access.ts";
import { type LiveService, SERVICES } from "./knative_objects.ts";
import { RUN_LABEL, selectorOf } from "./labels.ts";
import { type ObjectWatch, type WatchedObject, watchObjects } from "./object_watch.ts";

/** How a clean-up goes. */
export interface CleanerSetting {
  /** The run whose objects go; `null`: those of all runs of ours. */
  readonly runId: string | null;
  /** Longest wait until everything is gone. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (left: LeftObjects) => void;
}

/** What is still there. */
export interface LeftObjects {
  readonly services: number;
  readonly pods: number;
}

/** What a clean-up came to. */
export interface CleanUp {
  /** Services that were there when it began. */
  readonly services: number;
  /** Runs that they belonged to. */
  readonly runs: readonly string[];
  /** Names of services and pods that did not go in time. */
  readonly left: readonly string[];
}

/**
 * What Knative makes of a service, with its labels, and the garbage collector removes after
 * it: as long as it is there, instances may still be started, and a service of the same name is
 * refused ("an existing Route that we do not own").
 */
const MADE_BY_KNATIVE = ["route", "configuration", "revision"] as const;

/** Deletions under way at once. */
const AT_ONCE = 20;

/**
 * Removes the services of a run, by their labels alone, and waits until their
 * pods are gone too, which takes half a minute: Knative's queue-proxy drains that
 * long, and Kubernetes would not hear of a shorter grace period once it has begun.
 * What others made is never touched, whatever its name.
 *
 * @throws LoaderError when they cannot be listed or deleted; the signal's reason when it aborts
 */
export async function removeServices(
  access: KubeAccess,
  { runId, timeoutMs, signal, onProgress }: CleanerSetting,
): Promise<CleanUp> {
  const { clock, namespace } = access;
  const untilMs = clock.nowMs() + timeoutMs;
  const labelSelector = selectorOf(runId);
  const found = await persist(access, () =>
    access.custom.listNamespacedCustomObject({
      ...SERVICES,
      namespace,
      labelSelector,
    }) as Promise<{ readonly items: readonly LiveService[] }>, {
    doing: `list our Knative services in the namespace ${namespace}`,
    untilMs,
    signal,
  });
  const names = found.items.map(({ metadata }) => metadata.name);
  const runs = new Set(found.items.map(({ metadata }) => metadata.labels?.[RUN_LABEL] ?? "?"));
  const changed = new Signal();
  const watches = new Map<string, ObjectWatch<WatchedObject>>();
  /** Why nothing is heard of a kind. */
  const trouble = new Map<string, unknown>();
  const watch = async (kind: string, path: string) => {
    const listener = {
      onChange: () => {},
      onGone: () => changed.ring(),
      onTrouble: (error: unknown) => trouble.set(kind, error),
      onRecovered: () => trouble.delete(kind),
    };
    watches.set(kind, await watchObjects(access, { path, labelSelector }, listener));
  };
  const serving = `/apis/${SERVICES.group}/${SERVICES.version}/namespaces/${namespace}`;
  try {
    await watch("service", `${serving}/services`);
    await watch("pod", `/api/v1/namespaces/${namespace}/pods`);
    for (const kind of MADE_BY_KNATIVE) {
      // Without the right to see them, what is known to be gone must do.
      await watch(kind, `${serving}/${kind}s`).catch(() => {});
    }
    const queue = names.values();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const name of queue) await deleteService(access, name, untilMs, signal);
    }));
    const listLeft = () =>
      [...watches].flatMap(([kind, { objects }]) =>
        [...objects.keys()].map((name) => `${kind} ${name}`)
      );
    for (;;) {
      const left = listLeft();
      onProgress?.({
        services: watches.get("service")!.objects.size,
        pods: watches.get("pod")!.objects.size,
      });
      if (left.length === 0 || clock.nowMs() >= untilMs) break;
      await changed.wait(clock, Math.min(untilMs - clock.nowMs(), 1000), signal);
    }
    const left = listLeft();
    for (const error of trouble.values()) {
      if (left.length > 0) throw kubeError(error, "see whether our services are gone");
    }
    return { services: names.length, runs: [...runs].sort(), left };
  } finally {
    await Promise.all([...watches.values()].map((watch) => watch.close()));
  }
}

async function deleteService(
  access: KubeAccess,
  name: string,
  untilMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { namespace } = access;
  await persist(access, async () => {
    try {
      await access.custom.deleteNamespacedCustomObject({
        ...SERVICES,
        namespace,
        name,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }, { doing: `delete the service ${name}`, untilMs, signal });
}

/** Wakes who waits. */
class Signal {
  #wake: AbortController | null = null;

  ring(): void {
    this.#wake?.abort();
  }

  async wait(clock: Clock, mostMs: number, signal: AbortSignal | undefined): Promise<void> {
    this.#wake = new AbortController();
    const ended = signal === undefined
      ? this.#wake.signal
      : AbortSignal.any([signal, this.#wake.signal]);
    await sleep(clock, mostMs, ended).catch(() => {});
    signal?.throwIfAborted();
  }
}

/** One sentence on what a clean-up left; `null` when it left nothing. */
export function describeLeft({ left }: CleanUp, namespace: string): string | null {
  if (left.length === 0) return null;
  const some = left.slice(0, 5).join(", ");
  return `${left.length} objects of ours are still in the namespace ${namespace} (${some}${
    left.length > 5 ? ", …" : ""
  }); see what holds them, then: deno task clean.`;
}
