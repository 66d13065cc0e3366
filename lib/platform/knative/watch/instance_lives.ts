import type { InstanceEvent, InstanceStep } from "../../../model/platform.ts";
import { KNATIVE_SERVICE_LABEL } from "../cluster/knative_objects.ts";
import {
  hasEnded,
  parseTime,
  type PodState,
  preparedSince,
  reasonOfEnd,
  type Since,
  startedSince,
  stoppingSince,
  trueSince,
} from "./pod_state.ts";

/** What a node's kubelet tells of a container (a Kubernetes Event of a pod). */
export interface ContainerEvent {
  readonly podUid: string;
  /** Path of the container in the pod's spec. */
  readonly container: string;
  readonly reason: "Pulling" | "Pulled" | "Started";
  /** By Kubernetes' own time stamps; `null` where it tells none. */
  readonly unixMs: number | null;
}

/** When something was heard of. */
export interface Hearing {
  /** On the platform's clock. */
  readonly atMs: number;
  /**
   * It had been so for a time that is not known: the first list, or the
   * one after an interruption. Then Kubernetes' own times stand for the arrival.
   */
  readonly isLate: boolean;
}

/** Options of {@linkcode InstanceLives}. */
export interface InstanceLivesOptions {
  /** The key of each function by its name as deployed; pods of others are left out. */
  readonly functionIds: ReadonlyMap<string, string>;
  /** Origin of the platform's clock. */
  readonly originUnixMs: number;
  readonly onEvent: (event: InstanceEvent) => void;
}

/** An instance that is there, or of which containers were heard. */
interface Life {
  readonly functionId: string;
  readonly instance: string;
  readonly containers: number;
  readonly toldMs: Map<InstanceStep, number>;
  /** Containers whose image is being pulled. */
  readonly pulling: Set<string>;
  readonly started: Set<string>;
}

/** Every instance there was, as far as it takes to tell cold invocations. */
interface Service {
  /** Between which times it became ready; as long as that is not told, after its last step. */
  ready: TimeSpan;
  hasServed: boolean;
}

/** Some time between two, on the platform's clock. */
interface TimeSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Steps in their natural order; times that come from Kubernetes keep to it. */
const ORDER: readonly InstanceStep[] = [
  "created",
  "scheduled",
  "prepared",
  "pulling",
  "pulled",
  "started",
  "ready",
  "stopping",
  "gone",
];

/** Containers' events of pods that are not known yet; older ones are forgotten. */
const MOST_EARLY_EVENTS = 1000;

/** Kubernetes' times are rounded down to this. */
const COARSE_MS = 1000;

/** News that is older, by Kubernetes' own rounded time, was held up: on a node that is overloaded. */
const IN_TIME_MS = 2 * COARSE_MS;

/**
 * The lives of instances, from states of pods and events of their containers,
 * in whatever order and however often they arrive: every step is told once, at
 * the time of its first arrival, with Kubernetes' own time beside it.
 */
export class InstanceLives {
  readonly #options: InstanceLivesOptions;
  readonly #lives = new Map<string, Life>();
  readonly #services = new Map<string, Service>();
  readonly #ended = new Set<string>();
  #early: { readonly event: ContainerEvent; readonly hearing: Hearing }[] = [];
  #lateInstances = 0;

  constructor(options: InstanceLivesOptions) {
    this.#options = options;
  }

  /** Instances that were first heard of late, so that their start has Kubernetes' whole seconds. */
  get lateInstances(): number {
    return this.#lateInstances;
  }

  /** A pod is there, as it is now. */
  seePod(pod: PodState, hearing: Hearing): void {
    const life = this.#lifeOf(pod, hearing);
    if (life === null) return;
    const tell = (step: InstanceStep, since: Since | null) => {
      if (since !== null) this.#tell(life, step, since.unixMs, hearing);
    };
    tell("scheduled", trueSince(pod, "PodScheduled"));
    tell("prepared", preparedSince(pod));
    tell("started", startedSince(pod));
    tell("ready", trueSince(pod, "Ready"));
    tell("stopping", stoppingSince(pod));
    if (hasEnded(pod) && !life.toldMs.has("stopping")) this.#end(pod, life, hearing);
  }

  /** A pod is gone, as it was last. */
  seeGone(pod: PodState, hearing: Hearing): void {
    this.seePod(pod, hearing);
    const life = this.#lives.get(pod.metadata.uid);
    if (life !== undefined) this.#end(pod, life, hearing);
  }

  /** Something was heard of a container. */
  seeContainer(event: ContainerEvent, hearing: Hearing): void {
    const life = this.#lives.get(event.podUid);
    if (life !== undefined) return this.#tellContainer(life, event, hearing);
    if (this.#ended.has(event.podUid)) return;
    this.#early.push({ event, hearing });
    if (this.#early.length > MOST_EARLY_EVENTS) this.#early.shift();
  }

  /**
   * Tells if an invocation that an instance has just answered is cold: the first
   * that it served, and dispatched before it was ready. `null` where that is not
   * known: the instance is not, or it was dispatched in the time in which that
   * became ready, a second or as long as the news was held up.
   */
  takeColdStart(instance: string, dispatchedMs: number): boolean | null {
    const service = this.#services.get(instance);
    if (service === undefined) return null;
    const isFirst = !service.hasServed;
    service.hasServed = true;
    if (!isFirst) return false;
    // It may answer before Kubernetes has told that it is ready: then the last step counts.
    const { fromMs, untilMs } = service.ready;
    return dispatchedMs < fromMs ? true : untilMs <= dispatchedMs ? false : null;
  }

  /** The life of a pod, begun where it is new; `null` where it is not ours, or over. */
  #lifeOf(pod: PodState, hearing: Hearing): Life | null {
    const { uid, name, labels = {}, creationTimestamp } = pod.metadata;
    const known = this.#lives.get(uid);
    if (known !== undefined) return known;
    const functionId = this.#options.functionIds.get(labels[KNATIVE_SERVICE_LABEL]);
    if (functionId === undefined || this.#ended.has(uid)) return null;
    const life: Life = {
      functionId,
      instance: name,
      containers: pod.spec.containers.length,
      toldMs: new Map(),
      pulling: new Set(),
      started: new Set(),
    };
    this.#lives.set(uid, life);
    this.#services.set(name, {
      ready: { fromMs: -Infinity, untilMs: Infinity },
      hasServed: false,
    });
    if (hearing.isLate) this.#lateInstances++;
    this.#tell(life, "created", parseTime(creationTimestamp), hearing);
    const early = this.#early.filter(({ event }) => event.podUid === uid);
    if (early.length > 0) {
      this.#early = this.#early.filter(({ event }) => event.podUid !== uid);
      for (const { event, hearing } of early) this.#tellContainer(life, event, hearing);
    }
    return life;
  }

  #tellContainer(life: Life, { container, reason, unixMs }: ContainerEvent, hearing: Hearing) {
    // The first that is heard of any container: its sandbox is there.
    this.#tell(life, "prepared", unixMs, hearing);
    if (reason === "Pulling") {
      life.pulling.add(container);
      this.#tell(life, "pulling", unixMs, hearing);
    } else if (reason === "Pulled") {
      // Told of an image that was there as well, but then nothing was pulled before. A pull
      // of another container's image after this one counts as part of its creation.
      if (life.pulling.delete(container) && life.pulling.size === 0) {
        this.#tell(life, "pulled", unixMs, hearing);
      }
    } else {
      life.started.add(container);
      if (life.started.size >= life.containers) this.#tell(life, "started", unixMs, hearing);
    }
  }

  #end(pod: PodState, life: Life, hearing: Hearing): void {
    const wasAsked = life.toldMs.has("stopping");
    const detail = wasAsked ? null : reasonOfEnd(pod) ??
      (hearing.isLate ? "it went while the watch was interrupted" : null);
    this.#tell(life, "gone", null, hearing, detail);
    this.#lives.delete(pod.metadata.uid);
    this.#ended.add(pod.metadata.uid);
  }

  #tell(
    life: Life,
    event: InstanceStep,
    unixMs: number | null,
    { atMs, isLate }: Hearing,
    detail: string | null = null,
  ): void {
    const { toldMs, functionId, instance } = life;
    if (toldMs.has(event)) return;
    const platformMs = unixMs === null ? null : unixMs - this.#options.originUnixMs;
    const timeMs = isLate && platformMs !== null
      ? Math.max(Math.min(platformMs, atMs), this.#latestBefore(life, event))
      : atMs;
    toldMs.set(event, timeMs);
    const happened: TimeSpan = isLate
      ? { fromMs: timeMs, untilMs: timeMs + COARSE_MS }
      : platformMs !== null && atMs - platformMs > IN_TIME_MS
      ? { fromMs: platformMs, untilMs: atMs }
      : { fromMs: atMs, untilMs: atMs };
    const service = this.#services.get(instance)!;
    if (event === "ready") service.ready = happened;
    else if (ORDER.indexOf(event) < ORDER.indexOf("ready") && !toldMs.has("ready")) {
      service.ready = {
        fromMs: Math.max(service.ready.fromMs, happened.fromMs),
        untilMs: Infinity,
      };
    }
    this.#options.onEvent({ timeMs, functionId, instance, event, detail, platformMs });
  }

  /** Whole seconds are rounded down; a step is not before those that precede it. */
  #latestBefore({ toldMs }: Life, step: InstanceStep): number {
    const before = ORDER.slice(0, ORDER.indexOf(step)).map((name) => toldMs.get(name) ?? -Infinity);
    return Math.max(-Infinity, ...before);
  }
}
