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

/** So much longer than it was asked for a watch may be silent, before it is ended here. */
const SLACK_MS = 10_000;

/** A watch that ends sooner than this counts as one that has failed. */
export const LEAST_WATCH_MS = 1000;

/**
 * Follows changes until the server ends the watch, or `stop` does, after which
 * nothing is told. One of which nothing is heard for longer than the server was asked
 * to keep it is ended here.
 *
 * @returns the version up to which all was told, to go on from
 * @throws what the server or the connection says; its `code` is 410 where the changes
 * since that version are no longer kept
 */
export async function followChanges<T extends VersionedObject>(
  { clock, watch }: Pick<KubeAccess, "clock" | "watch">,
  { path, resourceVersion, ...selectors }: FollowedChanges,
  onChange: ChangeListener<T>,
  stop: AbortSignal,
): Promise<string> {
  let latest = resourceVersion;
  let heardMs = clock.nowMs();
  const end = new AbortController();
  const onStop = () => end.abort(stop.reason);
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  const mostMs = 1000 * WATCH_SECONDS + SLACK_MS;
  const listen = () =>
    clock.at(heardMs + mostMs, () => {
      if (clock.nowMs() < heardMs + mostMs) timer = listen();
      else end.abort(silence(mostMs));
    });
  let timer = listen();
  const query = {
    ...selectors,
    resourceVersion,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(WATCH_SECONDS),
  };
  try {
    await watch(path, query, (type, object) => {
      heardMs = clock.nowMs();
      if (type === "ERROR") throw watchErrorOf(object);
      const seen = object as T;
      latest = seen.metadata.resourceVersion;
      if (type !== "BOOKMARK") onChange(type, seen);
    }, end.signal);
    return latest;
  } finally {
    timer.cancel();
    stop.removeEventListener("abort", onStop);
  }
}

function silence(afterMs: number): Error {
  return Object.assign(
    new Error(`nothing was heard of a watch for ${Math.round(afterMs / 1000)} s`),
    { code: "ETIMEDOUT" },
  );
}
