import type { Clock } from "../../../clock/clock.ts";
import { errorMessage } from "../../../base/error.ts";
import type { InstanceEvent, ScrapedRow, Scraper } from "../../../model/platform.ts";
import { watchContainers } from "./container_watch.ts";
import { type Hearing, InstanceLives } from "./instance_lives.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import {
  KNATIVE_SERVICE_LABEL,
  MADE_OF_SERVICES,
  pathOf,
  PODS,
} from "../cluster/knative_objects.ts";
import {
  type ObjectListener,
  type ObjectWatch,
  type WatchedObject,
  watchObjects,
} from "../cluster/object_watch.ts";
import type { PodState } from "./pod_state.ts";
import { SCALES } from "../../../store/schema/tables.ts";

/** Options of {@linkcode watchPods}. */
export interface PodWatchOptions {
  readonly access: Pick<KubeAccess, "clock" | "namespace" | "readText" | "watch">;
  /** The key of each function by its name as deployed. */
  readonly functionIds: ReadonlyMap<string, string>;
  /** Selects what belongs to the run; see `selectorOf`. */
  readonly labelSelector: string;
  readonly onEvent: (event: InstanceEvent) => void;
}

/** Sees instances and scales, from the moment it was begun until it is closed. */
export interface PodWatch {
  /** See {@linkcode InstanceLives.takeColdStart}. */
  takeColdStart(instance: string, dispatchedMs: number): boolean | null;
  /** Scraper of the table of scales; `null` where PodAutoscalers may not be watched. */
  createScaleScraper(everyMs: number): Scraper | null;
  /** What a reader of the figures should know: interruptions, rights that are missing. */
  notes(): string[];
  /** Ends the watches and waits until they have ended. */
  close(): Promise<void>;
}

/** A Knative PodAutoscaler. */
interface PodAutoscaler extends WatchedObject {
  readonly status?: { readonly desiredScale?: number; readonly actualScale?: number };
}

/**
 * Follows the pods, their containers and the PodAutoscalers of a run. To be begun
 * before anything is deployed: then every instance is seen from its creation on.
 *
 * @throws LoaderError `platform` when the pods cannot be listed
 */
export async function watchPods(options: PodWatchOptions): Promise<PodWatch> {
  const { access, functionIds, labelSelector, onEvent } = options;
  const { clock, namespace } = access;
  const { originUnixMs } = clock;
  const lives = new InstanceLives({ functionIds, originUnixMs, onEvent });
  const scales = new ScaleLog();
  const interruptions = new Interruptions(clock);
  let scaleTrouble: string | null = null;

  const containers = watchContainers(access, (event) => {
    lives.seeContainer(event, { atMs: clock.nowMs(), isLate: false });
  });
  let pods: ObjectWatch<PodState>;
  try {
    pods = await watchObjects<PodState>(
      access,
      { path: pathOf(PODS, namespace), labelSelector },
      interruptions.listen({
        onChange: (pod, hearing) => lives.seePod(pod, hearing),
        onGone: (pod, hearing) => lives.seeGone(pod, hearing),
      }),
    );
  } catch (error) {
    await containers.close();
    throw error;
  }
  interruptions.begun();

  let autoscalers: ObjectWatch<PodAutoscaler> | null = null;
  try {
    autoscalers = await watchObjects<PodAutoscaler>(
      access,
      { path: pathOf(MADE_OF_SERVICES.podautoscaler, namespace), labelSelector },
      {
        onChange: ({ metadata, status }) => {
          const functionId = functionIds.get(metadata.labels?.[KNATIVE_SERVICE_LABEL] ?? "");
          if (functionId === undefined) return;
          scales.see(functionId, {
            desired: scaleOf(status?.desiredScale),
            actual: scaleOf(status?.actualScale),
          }, clock.nowMs());
        },
      },
    );
  } catch (error) {
    scaleTrouble = errorMessage(error);
  }

  return {
    takeColdStart: (instance, dispatchedMs) => lives.takeColdStart(instance, dispatchedMs),
    createScaleScraper: (everyMs) => autoscalers === null ? null : scales.createScraper(everyMs),
    notes() {
      const notes = interruptions.notes();
      if (lives.lateInstances > 0) {
        notes.push(
          `${lives.lateInstances} instances were there before they were seen; the times of their ` +
            "start are Kubernetes' whole seconds.",
        );
      }
      if (containers.trouble !== null) {
        notes.push(
          "Starts of containers were not told by their nodes, so that they are known a second " +
            `late at worst: ${containers.trouble}`,
        );
      }
      if (scaleTrouble !== null) notes.push(`Scales were not watched: ${scaleTrouble}`);
      return notes;
    },
    async close() {
      await Promise.all([pods.close(), containers.close(), autoscalers?.close()]);
    },
  };
}

/** The autoscaler writes −1 before it has decided. */
function scaleOf(value: number | undefined): number | null {
  return value === undefined || value < 0 ? null : value;
}

/** Times in which nothing was heard: what is heard first after one may be long past. */
class Interruptions {
  readonly #clock: Clock;
  /** When it began; `null`: there is none. The first list is like the end of one. */
  #sinceMs: number | null;
  #hasBegun = false;
  #count = 0;
  #totalMs = 0;
  #lastError = "";

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  /** The first list is in. */
  begun(): void {
    this.#sinceMs = null;
    this.#hasBegun = true;
  }

  notes(): string[] {
    const underWayMs = this.#hasBegun && this.#sinceMs !== null
      ? this.#clock.nowMs() - this.#sinceMs
      : 0;
    if (this.#count === 0) return [];
    const seconds = ((this.#totalMs + underWayMs) / 1000).toFixed(1);
    return [
      `The watch of instances was interrupted ${this.#count} times, ${seconds} s in all ` +
      `(${this.#lastError}); what happened meanwhile has Kubernetes' whole seconds.`,
    ];
  }

  /** A listener whose calls say when something was heard, and whether late. */
  listen<T>(
    { onChange, onGone }: {
      readonly onChange: (object: T, hearing: Hearing) => void;
      readonly onGone: (object: T, hearing: Hearing) => void;
    },
  ): ObjectListener<T> {
    const hearing = (): Hearing => ({
      atMs: this.#clock.nowMs(),
      isLate: this.#sinceMs !== null,
    });
    return {
      onChange: (object) => onChange(object, hearing()),
      onGone: (object) => onGone(object, hearing()),
      onTrouble: (error) => {
        this.#lastError = errorMessage(error);
        if (this.#sinceMs !== null) return;
        this.#sinceMs = this.#clock.nowMs();
        this.#count++;
      },
      onRecovered: () => {
        if (this.#sinceMs !== null) this.#totalMs += this.#clock.nowMs() - this.#sinceMs;
        this.#sinceMs = null;
      },
    };
  }
}

/** Desired and actual scale of a function. */
interface Scale {
  /** `null`: the autoscaler has not decided. */
  readonly desired: number | null;
  readonly actual: number | null;
}

interface Change extends Scale {
  readonly timeMs: number;
  readonly functionId: string;
}

/** Keeps the scales of functions as they are told, and their changes until a scrape takes them. */
class ScaleLog {
  readonly #scales = new Map<string, Scale>();
  #changes: Change[] = [];

  /** @param timeMs on the platform's clock */
  see(functionId: string, scale: Scale, timeMs: number): void {
    const before = this.#scales.get(functionId);
    if (before?.desired === scale.desired && before?.actual === scale.actual) return;
    this.#scales.set(functionId, scale);
    this.#changes.push({ ...scale, timeMs, functionId });
  }

  /**
   * The first scrape tells how all functions stand, the others every change at the
   * time that it was told.
   */
  createScraper(everyMs: number): Scraper {
    let isFirst = true;
    return {
      name: "scales",
      tables: [SCALES],
      everyMs,
      timeoutMs: everyMs,
      scrape: () => {
        const changes = this.#changes;
        this.#changes = [];
        const rows: ScrapedRow[] = isFirst
          ? [...this.#scales].map(([functionId, { desired, actual }]) => ({
            table: SCALES,
            cells: [functionId, desired, actual],
          }))
          : changes.map(({ timeMs, functionId, desired, actual }) => ({
            table: SCALES,
            timeMs,
            cells: [functionId, desired, actual],
          }));
        isFirst = false;
        return Promise.resolve(rows);
      },
      gap: () => [],
    };
  }
}
