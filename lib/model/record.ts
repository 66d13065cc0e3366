import type { Phase } from "./schedule.ts";

/** What became of an invocation: exactly one of these for every scheduled one. */
export const OUTCOMES = [
  /** Answered with status OK. */
  "ok",
  /** Never sent: the cap of invocations in flight was reached. */
  "dropped",
  /** Never sent: no connection, or the platform was lost before it was due. */
  "connect_failed",
  /** DEADLINE_EXCEEDED, or still out when the drain ended. */
  "timed_out",
  /** The platform said no: RESOURCE_EXHAUSTED, UNAVAILABLE, REFUSED_STREAM. */
  "rejected",
  /** Any other status, or out when the platform was lost. */
  "failed",
  /** The user stopped the run, dispatched or not. */
  "cancelled",
] as const;

/** See {@linkcode OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** One scheduled invocation and what became of it. Times in ms since run start. */
export interface InvocationRecord {
  /** Position in the schedule, from 0. */
  readonly index: number;
  readonly functionId: string;
  readonly phase: Phase;
  readonly scheduledMs: number;
  /** When the call's first bytes went to the socket; `null` if never. */
  readonly dispatchedMs: number | null;
  /** When the reply, or the failure, was seen; `null` if the call was never sent. */
  readonly completedMs: number | null;
  readonly requestedRuntimeMs: number;
  /** What the function says it ran for; `null` without a reply. */
  readonly servedRuntimeMs: number | null;
  readonly requestedMemoryMib: number;
  readonly servedMemoryMib: number | null;
  /** Name of the instance that served it; `null` where unknown. */
  readonly instance: string | null;
  /** First served by an instance that became ready after its dispatch. */
  readonly coldStart: boolean | null;
  readonly outcome: Outcome;
  /** gRPC status code; `null` if there was none. */
  readonly statusCode: number | null;
}
