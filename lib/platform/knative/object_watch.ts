import { sleep } from "../../base/clock.ts";
import type { KubeAccess } from "./kube_access.ts";
import { isTransient, kubeError, watchErrorOf } from "./kube_access.ts";

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

/** What is watched. */
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

/** Between tries while the API server is away. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;

/** A watch that the server is to end by itself, so that a connection which died is noticed. */
const WATCH_SECONDS = 240;

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
    let failures = 0;
    let mustList = false;
    while (!stop.signal.aborted) {
      try {
        if (mustList) version = await list();
        if (failures > 0) listener.onRecovered?.();
        mustList = false;
        failures = 0;
        await watchOnce();
      } catch (error) {
        if (stop.signal.aborted) return;
        mustList = true;
        // 410: the changes since `version` are no longer kept.
        if ((error as { code?: unknown })?.code === 410) continue;
        if (failures++ === 0 || !isTransient(error)) listener.onTrouble?.(error);
        const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), LONGEST_RETRY_MS);
        await sleep(access.clock, waitMs, stop.signal).catch(() => {/* closed meanwhile */});
      }
    }
  }

  async function list(): Promise<string> {
    const text = await access.readText(`${place.path}?${query({})}`);
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

  function watchOnce(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => handle.then((watch) => watch.abort(), () => {});
    const handle = access.watch(
      place.path,
      {
        ...Object.fromEntries(query({})),
        resourceVersion: version,
        allowWatchBookmarks: "true",
        timeoutSeconds: String(WATCH_SECONDS),
      },
      {
        onEvent: (type, object) => {
          if (stop.signal.aborted) return;
          if (type === "ERROR") throw watchErrorOf(object);
          const seen = object as T;
          version = seen.metadata.resourceVersion;
          if (type === "DELETED") forget(seen);
          else if (type !== "BOOKMARK") remember(seen);
        },
        onEnd: (error) => error === null ? resolve() : reject(error),
      },
    );
    handle.catch(reject);
    if (stop.signal.aborted) onAbort();
    stop.signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => stop.signal.removeEventListener("abort", onAbort));
  }

  function query(more: Readonly<Record<string, string>>): URLSearchParams {
    const parameters = new URLSearchParams(more);
    if (place.labelSelector !== undefined) parameters.set("labelSelector", place.labelSelector);
    if (place.fieldSelector !== undefined) parameters.set("fieldSelector", place.fieldSelector);
    return parameters;
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
