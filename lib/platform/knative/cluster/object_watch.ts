import { sleep } from "../../../clock/clock.ts";
import { followChanges, LEAST_WATCH_MS, watchRetryMs } from "./follow_changes.ts";
import { isTransient, type KubeAccess, kubeError } from "./kube_access.ts";

/** What we read of every object. */
export interface WatchedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The objects that are watched. */
export interface WatchedPlace {
  /** Such as `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Told what happens, as it arrives. */
export interface ObjectListener<T> {
  /** An object is there, or changed; also once for each that was there at first. */
  onChange(object: T): void;
  /** It is gone; with what was last seen of it. */
  onGone?(object: T): void;
  /** The API server does not answer; the watch goes on trying. */
  onTrouble?(error: unknown): void;
  /** It answers again after trouble. */
  onRecovered?(): void;
}

/** What a watch has seen. */
export interface ObjectWatch<T> {
  /** The objects as they are known now, by name. */
  readonly objects: ReadonlyMap<string, T>;
  /** Ends the watch and waits until it has ended. */
  close(): Promise<void>;
}

/**
 * Lists objects, then follows their changes until it is closed: begins again
 * where the server ended the watch, lists again where that is too long ago or
 * the server was away, and then tells what was missed, so that each object is
 * told to be gone once.
 *
 * @throws LoaderError when the first list fails; the signal's reason when it aborts
 */
export async function watchObjects<T extends WatchedObject>(
  access: Pick<KubeAccess, "clock" | "readText" | "watch">,
  place: WatchedPlace,
  listener: ObjectListener<T>,
): Promise<ObjectWatch<T>> {
  const objects = new Map<string, T>();
  const stop = new AbortController();
  let version: string;
  try {
    version = await list();
  } catch (error) {
    throw kubeError(error, `list ${place.path}`);
  }
  const following = follow();
  return {
    objects,
    async close() {
      stop.abort();
      await following;
    },
  };

  async function follow(): Promise<void> {
    const { clock } = access;
    /** How many in a row came to nothing at once, whoever ended them. */
    let short = 0;
    let isTroubled = false;
    let mustList = false;
    while (!stop.signal.aborted) {
      const beganMs = clock.nowMs();
      try {
        if (mustList) version = await list();
        if (isTroubled) listener.onRecovered?.();
        isTroubled = false;
        mustList = false;
        version = await followChanges<T>(
          access,
          { ...place, resourceVersion: version },
          (type, object) => type === "DELETED" ? forget(object) : remember(object),
          stop.signal,
        );
      } catch (error) {
        if (stop.signal.aborted) return;
        mustList = true;
        // 410: the changes since `version` are no longer kept.
        if ((error as { code?: unknown })?.code !== 410) {
          if (!isTroubled || !isTransient(error)) listener.onTrouble?.(error);
          isTroubled = true;
        }
      }
      short = clock.nowMs() - beganMs < LEAST_WATCH_MS ? short + 1 : 0;
      if (short === 0) continue;
      await sleep(clock, watchRetryMs(short), stop.signal).catch(() => {/* closed meanwhile */});
    }
  }

  async function list(): Promise<string> {
    const { path, ...selectors } = place;
    const text = await access.readText(
      `${path}?${new URLSearchParams(selectors)}`,
      stop.signal,
    );
    const { items, metadata } = JSON.parse(text) as {
      readonly items: readonly T[];
      readonly metadata: { readonly resourceVersion: string };
    };
    const there = new Set(items.map((item) => item.metadata.uid));
    for (const object of [...objects.values()]) {
      if (!there.has(object.metadata.uid)) forget(object);
    }
    for (const item of items) remember(item);
    return metadata.resourceVersion;
  }

  function remember(object: T): void {
    const before = objects.get(object.metadata.name);
    // One of the same name that was made anew while we did not see.
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) forget(before);
    else if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    objects.set(object.metadata.name, object);
    listener.onChange(object);
  }

  function forget(object: T): void {
    if (!objects.delete(object.metadata.name)) return;
    listener.onGone?.(object);
  }
}
