import { type KubeAccess, watchErrorOf } from "./kube_access.ts";

/** What every object of a watch has, bookmarks too. */
export interface VersionedObject {
  readonly metadata: { readonly resourceVersion: string };
}

/** Which changes are followed. */
export interface FollowedChanges {
  /** Such as `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** They begin after this version. */
  readonly resourceVersion: string;
}

/** A change, as it arrives. */
export type ChangeListener<T> = (type: "ADDED" | "MODIFIED" | "DELETED", object: T) => void;

/**
 * A watch that the server is to end by itself, so that a connection which died is
 * noticed, and one that the server has forgotten: after an outage of the API server
 * Kubernetes' own controllers were seen to hear nothing of some kinds for ten minutes.
 */
const WATCH_SECONDS = 60;

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;

/** How long to wait before a watch is tried again that has failed this often in a row. */
export function watchRetryMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), LONGEST_RETRY_MS);
}

/**
 * Follows changes until the server ends the watch, or `stop` does, after which
 * nothing is told.
 *
 * @returns the version up to which all was told, to go on from
 * @throws what the server or the connection says; its `code` is 410 where the changes
 * since that version are no longer kept
 */
export function followChanges<T extends VersionedObject>(
  access: Pick<KubeAccess, "watch">,
  { path, resourceVersion, ...selectors }: FollowedChanges,
  onChange: ChangeListener<T>,
  stop: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let latest = resourceVersion;
  const onAbort = () => handle.then((watch) => watch.abort(), () => {});
  const handle = access.watch(
    path,
    {
      ...selectors,
      resourceVersion,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(WATCH_SECONDS),
    },
    {
      onEvent: (type, object) => {
        if (stop.aborted) return;
        if (type === "ERROR") throw watchErrorOf(object);
        const seen = object as T;
        latest = seen.metadata.resourceVersion;
        if (type !== "BOOKMARK") onChange(type, seen);
      },
      onEnd: (error) => error === null ? resolve(latest) : reject(error),
    },
  );
  handle.catch(reject);
  if (stop.aborted) onAbort();
  stop.addEventListener("abort", onAbort, { once: true });
  return promise.finally(() => stop.removeEventListener("abort", onAbort));
}
