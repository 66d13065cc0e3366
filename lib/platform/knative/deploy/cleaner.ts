import { anySignal } from "../../../base/signal.ts";
import { Deadline } from "../../../clock/deadline.ts";
import { type Clock, sleep } from "../../../clock/clock.ts";
import {
  isConflict,
  isNotFound,
  type KubeAccess,
  kubeError,
  persist,
} from "../cluster/kube_access.ts";
import {
  KNATIVE_SERVICE_LABEL,
  type LiveService,
  MADE_OF_SERVICES,
  pathOf,
  PODS,
  RUN_LABEL,
  selectorOf,
  SERVICES,
} from "../cluster/knative_objects.ts";
import { type ObjectWatch, type WatchedObject, watchObjects } from "../cluster/object_watch.ts";

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
  /** How many objects were deleted whose services were gone. */
  readonly leftovers: number;
  /** Kinds and names of what did not go in time. */
  readonly left: readonly string[];
}

/** Every kind that is followed until it is gone. */
const KINDS = { service: SERVICES, pod: PODS, ...MADE_OF_SERVICES };

type Kind = keyof typeof KINDS;

/** Longest that one request may take. */
const LONGEST_REQUEST_MS = 30_000;

/** Deletions under way at once. */
const AT_ONCE = 20;

/**
 * How long the garbage collector has for what a service leaves before we delete it ourselves. After
 * an outage of the API server it was seen to hear nothing of some kinds for ten minutes.
 */
const COLLECTED_WITHIN_MS = 20_000;

/**
 * Removes the services of a run, by their labels alone, and waits until all that
 * was made of them is gone too. Pods take half a minute: Knative's queue-proxy drains
 * that long, and Kubernetes would not hear of a shorter grace period once it has
 * begun. What the garbage collector does not take away in time, and what a run has
 * left whose services are gone, is deleted by the same labels. What others made is
 * never touched, whatever its name.
 *
 * @throws LoaderError when they cannot be listed or deleted; the signal's reason when it aborts
 */
export async function removeServices(
  access: KubeAccess,
  setting: CleanerSetting,
): Promise<CleanUp> {
  const { clock } = access;
  const { timeoutMs, signal } = setting;
  const untilMs = clock.nowMs() + timeoutMs;
  // No request outlives the time that there is.
  using deadline = new Deadline(clock, timeoutMs, { reason: overdue(timeoutMs), signal });
  return await removeUntil(access.within(LONGEST_REQUEST_MS, deadline.signal), setting, untilMs);
}

function overdue(timeoutMs: number): Error {
  return Object.assign(new Error(`not within the ${timeoutMs / 1000} s that there are for it`), {
    code: "ETIMEDOUT",
  });
}

async function removeUntil(
  access: KubeAccess,
  { runId, signal, onProgress }: CleanerSetting,
  untilMs: number,
): Promise<CleanUp> {
  const { clock, namespace } = access;
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
  const runs = new Set(found.items.map(({ metadata }) => metadata.labels?.[RUN_LABEL] ?? "?"));
  const changed = new Signal();
  const watches = new Map<Kind, ObjectWatch<WatchedObject>>();
  /** Why nothing is heard of a kind. */
  const trouble = new Map<Kind, unknown>();
  const watch = async (kind: Kind) => {
    const listener = {
      onChange: () => {},
      onGone: () => changed.ring(),
      onTrouble: (error: unknown) => trouble.set(kind, error),
      onRecovered: () => trouble.delete(kind),
    };
    const place = { path: pathOf(KINDS[kind], namespace), labelSelector };
    watches.set(kind, await watchObjects(access, place, listener));
  };
  try {
    await watch("service");
    await watch("pod");
    // Without the right to see the others, what is known to be gone must do.
    await Promise.all(kindsMade().map((kind) => watch(kind).catch(() => {})));
    await forEachAtOnce(found.items, (service) => deleteService(access, service, untilMs, signal));
    const leftovers = new Leftovers(access);
    /** Since when nothing is left. */
    let goneMs = Infinity;
    for (;;) {
      const left = [...watches].flatMap(([kind, { objects }]) =>
        [...objects].map(([name, object]) => `${kind} ${name}${describeEnding(object)}`)
      );
      onProgress?.({
        services: watches.get("service")!.objects.size,
        pods: watches.get("pod")!.objects.size,
      });
      if (left.length > 0) goneMs = Infinity;
      else goneMs = Math.min(goneMs, clock.nowMs());
      // What was left once may be made anew by controllers that do not know yet.
      const settleMs = leftovers.deleted > 0 ? SETTLE_MS : 0;
      if (clock.nowMs() >= Math.min(goneMs + settleMs, untilMs)) {
        for (const error of trouble.values()) {
          if (left.length > 0) throw kubeError(error, "see whether our services are gone");
        }
        const { refusal, deleted } = leftovers;
        if (left.length > 0 && refusal !== null) {
          throw kubeError(refusal, "delete what the garbage collector has left");
        }
        return { services: found.items.length, runs: [...runs].sort(), leftovers: deleted, left };
      }
      await leftovers.delete(watches);
      await changed.wait(clock, Math.min(untilMs - clock.nowMs(), 1000), signal);
    }
  } finally {
    await Promise.all([...watches.values()].map((watch) => watch.close()));
  }
}

/** Tells what Kubernetes has yet to end from what nobody has deleted. */
function describeEnding({ metadata: { deletionTimestamp } }: WatchedObject): string {
  return deletionTimestamp === undefined ? "" : " (being deleted)";
}

function kindsMade(): Kind[] {
  return Object.keys(MADE_OF_SERVICES) as (keyof typeof MADE_OF_SERVICES)[];
}

/** How long nothing must have been left where something had to be deleted. */
const SETTLE_MS = 5000;

/** What is left, see {@linkcode isLeft}. */
class Leftovers {
  /** How many were deleted. */
  deleted = 0;
  /** Why the last could not be; `null`: all could. */
  refusal: unknown = null;
  readonly #access: KubeAccess;
  /** Since when an object, by its uid, is left, or was last deleted. */
  readonly #sinceMs = new Map<string, number>();

  constructor(access: KubeAccess) {
    this.#access = access;
  }

  /** Deletes those that the garbage collector has had time for. */
  async delete(watches: ReadonlyMap<Kind, ObjectWatch<WatchedObject>>): Promise<void> {
    const services = watches.get("service")!.objects;
    const nowMs = this.#access.clock.nowMs();
    const overdue = [...watches].flatMap(([kind, { objects }]) =>
      kind === "service" ? [] : [...objects.values()]
        .filter((object) => isLeft(object, services) && this.#isOverdue(object, nowMs))
        .map((object) => ({ kind, object }))
    );
    if (overdue.length > 0) this.refusal = null;
    await forEachAtOnce(overdue, async ({ kind, object: { metadata: { name, uid } } }) => {
      try {
        await this.#deleteOne(kind, name, uid);
        this.deleted++;
      } catch (error) {
        // A conflict: another of the same name by now, which is none of our business.
        if (!isNotFound(error) && !isConflict(error)) this.refusal = error;
      }
    });
  }

  #isOverdue({ metadata: { uid } }: WatchedObject, nowMs: number): boolean {
    const sinceMs = this.#sinceMs.get(uid) ?? nowMs;
    const isOverdue = nowMs - sinceMs >= COLLECTED_WITHIN_MS;
    this.#sinceMs.set(uid, isOverdue ? nowMs : sinceMs);
    return isOverdue;
  }

  async #deleteOne(kind: Kind, name: string, uid: string): Promise<void> {
    const { core, custom, namespace } = this.#access;
    const only = { namespace, name, body: { preconditions: { uid } } };
    if (kind === "pod") await core.deleteNamespacedPod(only);
    else await custom.deleteNamespacedCustomObject({ ...KINDS[kind], ...only });
  }
}

/**
 * An object is of a service that is not there, and nobody is deleting it.
 *
 * @param services those that are there, by name
 */
export function isLeft(
  { metadata: { deletionTimestamp, labels } }: WatchedObject,
  services: { has(name: string): boolean },
): boolean {
  return deletionTimestamp === undefined && !services.has(labels?.[KNATIVE_SERVICE_LABEL] ?? "");
}

async function forEachAtOnce<T>(items: readonly T[], act: (item: T) => Promise<void>) {
  const queue = items.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const item of queue) await act(item);
  }));
}

async function deleteService(
  access: KubeAccess,
  { metadata: { name, uid } }: LiveService,
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
        // Another of the same name by now is none of our business.
        body: { preconditions: { uid } },
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
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
    await sleep(clock, mostMs, anySignal(signal, this.#wake.signal)).catch(() => {});
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
