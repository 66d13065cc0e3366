import { sleep } from "../../base/clock.ts";
import { errorMessage } from "../../base/error.ts";
import type { ContainerEvent } from "./instance_lives.ts";
import { isTransient, type KubeAccess, watchErrorOf } from "./kube_access.ts";
import { parseTime } from "./pod_state.ts";

/** The parts of a Kubernetes Event that are read. */
interface EventObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly involvedObject?: { readonly uid?: string; readonly fieldPath?: string };
  readonly reason?: string;
  readonly eventTime?: string | null;
  readonly firstTimestamp?: string | null;
}

/** A watch that can be ended. */
export interface ContainerWatch {
  /** Why nothing is heard of containers; `null` while something is. */
  readonly trouble: string | null;
  /** Ends the watch and waits until it has ended. */
  close(): Promise<void>;
}

/** Events of pods that say nothing of a start, left out by the server: most of them. */
const FIELD_SELECTOR = "involvedObject.kind=Pod,type=Normal,reason!=Scheduled,reason!=Created," +
  "reason!=Killing";

const REASONS: ReadonlySet<string> = new Set(["Pulling", "Pulled", "Started"]);

/** A watch that the server is to end by itself, so that a connection which died is noticed. */
const WATCH_SECONDS = 240;

/** Between tries while the API server is away. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;

/**
 * Follows what the nodes tell of the containers of a namespace's pods, from now
 * on: when a pod's images are pulled and its containers started. The pod itself
 * says that later, when its node looks next (up to a second). These events are
 * hints: what passes while the API server is away is not asked for again, and
 * without the right to watch them there are none.
 */
export function watchContainers(
  access: Pick<KubeAccess, "clock" | "namespace" | "readText" | "watch">,
  onEvent: (event: ContainerEvent) => void,
): ContainerWatch {
  const path = `/api/v1/namespaces/${access.namespace}/events`;
  const stop = new AbortController();
  let trouble: string | null = null;
  const following = follow();
  return {
    get trouble() {
      return trouble;
    },
    async close() {
      stop.abort();
      await following;
    },
  };

  async function follow(): Promise<void> {
    let version: string | null = null;
    for (let failures = 0; !stop.signal.aborted;) {
      try {
        version ??= await readVersion();
        trouble = null;
        failures = 0;
        version = await watchFrom(version);
      } catch (error) {
        if (stop.signal.aborted) return;
        version = null;
        trouble = errorMessage(error);
        const hasExpired = (error as { code?: unknown })?.code === 410;
        if (!hasExpired && !isTransient(error)) return;
        const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures++, 10), LONGEST_RETRY_MS);
        await sleep(access.clock, waitMs, stop.signal).catch(() => {/* closed meanwhile */});
      }
    }
  }

  /** Where events are now: there may be thousands, of which none is wanted. */
  async function readVersion(): Promise<string> {
    const { metadata } = JSON.parse(await access.readText(`${path}?limit=1`)) as EventObject;
    return metadata.resourceVersion;
  }

  function watchFrom(version: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let latest = version;
    const onAbort = () => handle.then((watch) => watch.abort(), () => {});
    const handle = access.watch(
      path,
      {
        fieldSelector: FIELD_SELECTOR,
        resourceVersion: version,
        allowWatchBookmarks: "true",
        timeoutSeconds: String(WATCH_SECONDS),
      },
      {
        onEvent: (type, object) => {
          if (stop.signal.aborted) return;
          if (type === "ERROR") throw watchErrorOf(object);
          const event = object as EventObject;
          latest = event.metadata.resourceVersion;
          if (type === "ADDED" || type === "MODIFIED") tell(event);
        },
        onEnd: (error) => error === null ? resolve(latest) : reject(error),
      },
    );
    handle.catch(reject);
    if (stop.signal.aborted) onAbort();
    stop.signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => stop.signal.removeEventListener("abort", onAbort));
  }

  function tell({ involvedObject, reason, eventTime, firstTimestamp }: EventObject): void {
    if (reason === undefined || !REASONS.has(reason) || involvedObject?.uid === undefined) return;
    onEvent({
      podUid: involvedObject.uid,
      container: involvedObject.fieldPath ?? "",
      reason: reason as ContainerEvent["reason"],
      unixMs: parseTime(eventTime ?? firstTimestamp),
    });
  }
}
