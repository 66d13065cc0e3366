import type { WatchedObject } from "../cluster/object_watch.ts";

/** The parts of a pod that its life is read from, as the API server sends them. */
export interface PodState extends WatchedObject {
  readonly metadata: WatchedObject["metadata"] & {
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: { readonly containers: readonly unknown[] };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly PodCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | null;
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly running?: { readonly startedAt?: string | null };
    readonly terminated?: { readonly startedAt?: string | null } & Termination;
  };
  readonly lastState?: { readonly terminated?: Termination };
}

interface Termination {
  readonly reason?: string;
  readonly exitCode?: number;
}

/** When a condition became true by Kubernetes' time stamps; `null`: it is not, or no time is told. */
export interface Since {
  readonly unixMs: number | null;
}

/** Since when a condition is true; `null`: it is not. */
export function trueSince({ status }: PodState, type: string): Since | null {
  const condition = status?.conditions?.find((candidate) => candidate.type === type);
  return condition?.status === "True" ? { unixMs: parseTime(condition.lastTransitionTime) } : null;
}

/** Since when all containers have been started; `null`: some have not. */
export function startedSince({ spec, status }: PodState): Since | null {
  const states = (status?.containerStatuses ?? []).flatMap(({ state }) => {
    const begun = state?.running ?? state?.terminated;
    return begun === undefined ? [] : [parseTime(begun.startedAt)];
  });
  if (states.length < spec.containers.length) return null;
  return { unixMs: states.includes(null) ? null : Math.max(...states as number[]) };
}

/**
 * Since when its sandbox is there; `null`: it is not, as far as is told. Kubernetes
 * tells it only when the node looks again, perhaps later than the start of the
 * containers in it.
 */
export function preparedSince(pod: PodState): Since | null {
  const prepared = trueSince(pod, "PodReadyToStartContainers");
  const startedMs = startedSince(pod)?.unixMs ?? null;
  if (prepared === null || prepared.unixMs === null || startedMs === null) return prepared;
  return { unixMs: Math.min(prepared.unixMs, startedMs) };
}

/** Since when it is to stop: a time stamp of the deletion is that of its latest end. */
export function stoppingSince({ metadata }: PodState): Since | null {
  if (metadata.deletionTimestamp === undefined) return null;
  const endMs = parseTime(metadata.deletionTimestamp);
  const graceMs = 1000 * (metadata.deletionGracePeriodSeconds ?? 0);
  return { unixMs: endMs === null ? null : endMs - graceMs };
}

/** It has ended without being deleted (evicted, or all of its containers ended). */
export function hasEnded({ status }: PodState): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

/** Why a pod ended; `null` where nothing tells. */
export function reasonOfEnd({ status }: PodState): string | null {
  if (status?.reason !== undefined) {
    return status.message === undefined ? status.reason : `${status.reason}: ${status.message}`;
  }
  for (const { name, state, lastState } of status?.containerStatuses ?? []) {
    const termination = state?.terminated ?? lastState?.terminated;
    if (termination === undefined || (termination.exitCode ?? 0) === 0) continue;
    return `${name}: ${termination.reason ?? "Error"} (exit status ${termination.exitCode})`;
  }
  return null;
}

/** A time stamp of Kubernetes in ms since 1970; whole seconds in most places. */
export function parseTime(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const unixMs = Date.parse(text);
  return Number.isNaN(unixMs) ? null : unixMs;
}
