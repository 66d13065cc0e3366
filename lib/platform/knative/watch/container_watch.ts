import { sleep } from "../../../clock/clock.ts";
import { errorMessage } from "../../../base/error.ts";
import {
  followChanges,
  LEAST_WATCH_MS,
  type VersionedObject,
  watchRetryMs,
} from "../cluster/follow_changes.ts";
import type { ContainerEvent } from "./instance_lives.ts";
import { isTransient, type KubeAccess } from "../cluster/kube_access.ts";
import { parseTime } from "./pod_state.ts";

/** The parts of a Kubernetes Event that are read. */
interface EventObject extends VersionedObject {
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
    const { clock } = access;
    for (let short = 0; !stop.signal.aborted;) {
      const beganMs = clock.nowMs();
      try {
        version ??= await readVersion();
        trouble = null;
        version = await followChanges<EventObject>(
          access,
          { path, fieldSelector: FIELD_SELECTOR, resourceVersion: version },
          (type, event) => type === "DELETED" ? undefined : tell(event),
          stop.signal,
        );
      } catch (error) {
        if (stop.signal.aborted) return;
        version = null;
        trouble = errorMessage(error);
        const hasExpired = (error as { code?: unknown })?.code === 410;
        if (!hasExpired && !isTransient(error)) return;
      }
      short = clock.nowMs() - beganMs < LEAST_WATCH_MS ? short + 1 : 0;
      if (short === 0) continue;
      await sleep(clock, watchRetryMs(short), stop.signal).catch(() => {/* closed meanwhile */});
    }
  }

  /** Where events are now: there may be thousands, of which none is wanted. */
  async function readVersion(): Promise<string> {
    const { metadata } = JSON.parse(
      await access.readText(`${path}?limit=1`, stop.signal),
    ) as EventObject;
    return metadata.resourceVersion;
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
