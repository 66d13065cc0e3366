import { LoaderError } from "../../../base/error.ts";
import { type TimerHandle } from "../../../clock/clock.ts";
import {
  explainFailure,
  type FailureEvidence,
  findPodFault,
  type LiveEvent,
} from "./failure_reason.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { kubeError } from "../cluster/kube_access.ts";
import {
  conditionOf,
  KNATIVE_SERVICE_LABEL,
  type LivePod,
  type LiveRevision,
  type LiveService,
  pathOf,
  PODS,
  selectorOf,
  SERVICES,
} from "../cluster/knative_objects.ts";
import { type ObjectWatch, watchObjects } from "../cluster/object_watch.ts";

/** How long something must be wrong: Knative's conditions flicker, and a registry may be slow once. */
const SETTLE_MS = 5000;

/** A function could not be brought up. */
export class FunctionFailure extends Error {
  /** @param reason a phrase without a full stop */
  constructor(readonly functionName: string, readonly reason: string) {
    super(`${functionName}: ${reason}.`);
  }
}

interface Waiter {
  readonly name: string;
  readonly resolve: (service: LiveService) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: TimerHandle;
  /** Armed while something is wrong. */
  fault: TimerHandle | null;
}

/** What is told of services that are up. */
export interface ReadinessListener {
  /** A service of the run is gone, or is being deleted, and nobody of ours did it. */
  onServiceLost?(name: string): void;
  /** The API server does not answer, or does again. */
  onTrouble?(error: unknown): void;
  onRecovered?(): void;
}

/** Follows services and pods of a run, and says when a function is ready, or why it will not be. */
export class Readiness {
  readonly #access: KubeAccess;
  readonly #waiters = new Map<string, Waiter>();
  readonly #lost = new Set<string>();
  #services!: ObjectWatch<LiveService>;
  #pods!: ObjectWatch<LivePod>;

  private constructor(access: KubeAccess) {
    this.#access = access;
  }

  /**
   * Begins to watch.
   *
   * @throws LoaderError when services or pods may not be listed
   */
  static async open(
    access: KubeAccess,
    runId: string,
    listener: ReadinessListener = {},
  ): Promise<Readiness> {
    const readiness = new Readiness(access);
    const labelSelector = selectorOf(runId);
    const onLost = ({ metadata: { name } }: LiveService) => {
      if (readiness.#lost.has(name)) return;
      readiness.#lost.add(name);
      readiness.#waiters.get(name)?.reject(
        new FunctionFailure(name, "someone else deleted its service"),
      );
      listener.onServiceLost?.(name);
    };
    readiness.#services = await watchObjects<LiveService>(
      access,
      { path: pathOf(SERVICES, access.namespace), labelSelector },
      {
        onChange: (service) => {
          if (service.metadata.deletionTimestamp !== undefined) onLost(service);
          else readiness.#look(service.metadata.name);
        },
        onGone: onLost,
        onTrouble: (error) => listener.onTrouble?.(error),
        onRecovered: () => listener.onRecovered?.(),
      },
    );
    try {
      readiness.#pods = await watchObjects<LivePod>(
        access,
        { path: pathOf(PODS, access.namespace), labelSelector },
        { onChange: ({ metadata }) => readiness.#look(metadata.labels?.[KNATIVE_SERVICE_LABEL]) },
      );
    } catch (error) {
      await readiness.#services.close();
      throw error;
    }
    return readiness;
  }

  /**
   * Waits until a function can be called and its initial instances are ready.
   *
   * @throws FunctionFailure when it will not be, or not by `untilMs`; the
   * signal's reason when it aborts
   */
  async waitFor(
    name: string,
    { untilMs, timeoutMs, signal }: {
      readonly untilMs: number;
      /** For the sentence. */
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<LiveService> {
    const { promise, resolve, reject } = Promise.withResolvers<LiveService>();
    const deadline = this.#access.clock.at(untilMs, async () => {
      const reason = await this.#explain(name);
      reject(new FunctionFailure(name, `not ready within ${timeoutMs / 1000} s: ${reason}`));
    });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const waiter: Waiter = { name, resolve, reject, deadline, fault: null };
    this.#waiters.set(name, waiter);
    try {
      signal.throwIfAborted();
      this.#look(name);
      return await promise;
    } finally {
      this.#waiters.delete(name);
      deadline.cancel();
      waiter.fault?.cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the watches. */
  async close(): Promise<void> {
    await Promise.all([this.#services.close(), this.#pods.close()]);
  }

  #look(name: string | undefined): void {
    const waiter = name === undefined ? undefined : this.#waiters.get(name);
    if (waiter === undefined) return;
    const service = this.#services.objects.get(waiter.name);
    if (service !== undefined && isReady(service)) return waiter.resolve(service);
    const faults = this.#podsOf(waiter.name).map(findPodFault).filter((fault) => fault !== null);
    const isRefused = service !== undefined && isGivenUp(service);
    // Knative gives up at once where there is no room, and takes it back when there is.
    if (!faults.some(({ isFinal }) => isFinal) && (!isRefused || faults.length > 0)) {
      waiter.fault?.cancel();
      waiter.fault = null;
    } else if (waiter.fault === null) {
      const { clock } = this.#access;
      waiter.fault = clock.at(clock.nowMs() + SETTLE_MS, async () => {
        waiter.reject(new FunctionFailure(waiter.name, await this.#explain(waiter.name)));
      });
    }
  }

  #podsOf(name: string): LivePod[] {
    return [...this.#pods.objects.values()]
      .filter(({ metadata }) => metadata.labels?.[KNATIVE_SERVICE_LABEL] === name);
  }

  async #explain(name: string): Promise<string> {
    const service = this.#services.objects.get(name) ?? null;
    const pods = this.#podsOf(name);
    const revision = service?.status?.latestCreatedRevisionName;
    let evidence: FailureEvidence = { service, pods, revisionConditions: [], events: [] };
    try {
      evidence = {
        ...evidence,
        revisionConditions: revision === undefined ? [] : await this.#revisionConditions(revision),
        events: revision === undefined ? [] : await this.#eventsOf(revision),
      };
    } catch {
      // What is missing is what may not be read; the rest still explains something.
    }
    return explainFailure(evidence);
  }

  async #revisionConditions(name: string) {
    const revision: LiveRevision = await this.#access.custom.getNamespacedCustomObject({
      ...SERVICES,
      plural: "revisions",
      namespace: this.#access.namespace,
      name,
    });
    return revision.status?.conditions ?? [];
  }

  /** Of everything whose name begins with the revision's, the latest last. */
  async #eventsOf(revision: string): Promise<LiveEvent[]> {
    const { items } = await this.#access.core.listNamespacedEvent({
      namespace: this.#access.namespace,
      limit: 500,
    });
    const timeOf = (event: typeof items[number]) =>
      (event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp)?.getTime() ?? 0;
    return items
      .filter(({ involvedObject }) => involvedObject.name?.startsWith(revision) ?? false)
      .sort((a, b) => timeOf(a) - timeOf(b));
  }
}

/**
 * Knative has given a service up. Not where something of the same name is in its way: that
 * is what the garbage collector has still to remove of a service that was there before.
 */
function isGivenUp(service: LiveService): boolean {
  const ready = conditionOf(service, "Ready");
  return ready?.status === "False" && !(ready.message ?? "").includes("that we do not own");
}

/** The service as it was asked for last is served, with its initial instances. */
export function isReady(service: LiveService): boolean {
  const { metadata: { generation }, status } = service;
  return status?.observedGeneration === generation &&
    conditionOf(service, "Ready")?.status === "True" && status?.url !== undefined;
}

/** The reason of anything that keeps a function from coming up; interruptions go on. */
export function failureOf(error: unknown, name: string): FunctionFailure {
  if (error instanceof FunctionFailure) return error;
  if (error instanceof LoaderError && error.code !== "platform") throw error;
  return new FunctionFailure(name, kubeError(error, `deploy ${name}`).message.replace(/\.$/, ""));
}
