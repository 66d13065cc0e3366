import type { Phase } from "./schedule.ts";

/** What became of an invocation: exactly one of these for every scheduled one. */
export const OUTCOMES = [
  /** Answered with status OK. */
  "ok",
  /** Never sent: the cap of invocations in flight was reached. */
  "dropped",
  /**
   * Never sent: its time was up (its deadline, or the end of the drain) while it
   * waited for a place on a connection.
   */
  "unsent",
  /** Never sent: no connection could be had, or the platform was lost before it was due. */
  "connect_failed",
  /**
   * Its deadline passed, whatever was said then; the platform's own time-out did
   * (DEADLINE_EXCEEDED, HTTP 504 or 408); or it was out when the drain ended.
   */
  "timed_out",
  /** The platform said no: RESOURCE_EXHAUSTED, UNAVAILABLE, HTTP 503 or 429, REFUSED_STREAM. */
  "rejected",
  /** Broken off (HTTP 502, a lost connection), any other status, or the platform was lost. */
  "failed",
  /** The user stopped the run, dispatched or not. */
  "cancelled",
] as const;

/** What became of a scheduled invocation: exactly one of {@linkcode OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * True if an invocation with this outcome is judged, that is, counted in the verdict,
 * in shares of what was not ok and in quantiles: all are but those that the user
 * stopped, which say nothing about the platform.
 */
export function isJudged(outcome: Outcome): boolean {
  return outcome !== "cancelled";
}

/**
 * True if an invocation with this outcome has a rank in quantiles: all that are judged
 * but what the generator itself dropped. What is ranked and not ok ranks as infinitely
 * slow, also where it was never sent because the platform took no connection: who
 * hangs up on his slowest calls gains nothing.
 */
export function isRanked(outcome: Outcome): boolean {
  return isJudged(outcome) && outcome !== "dropped";
}

/**
 * What the generator itself was late by: dispatched − scheduled, less what passed
 * before the dispatch in setting up the call's own connection and in waiting for the
 * peer. NaN where the call was never dispatched.
 *
 * @param setUpMs NaN: none
 * @param peerWaitMs NaN: none
 *
 * @example
 * ```ts
 * import { dispatchLagMs } from "./record.ts";
 * if (dispatchLagMs(1000, 1005, 4, NaN) !== 1) throw new Error("4 ms were set-up");
 * if (dispatchLagMs(1000, 3000, 1, 1998) !== 1) throw new Error("the peer was away");
 * ```
 */
export function dispatchLagMs(
  scheduledMs: number,
  dispatchedMs: number,
  setUpMs: number,
  peerWaitMs: number,
): number {
  const sinceMs = dispatchedMs - scheduledMs;
  // As most calls: an unknown part is the one number that does not equal itself.
  if (setUpMs !== setUpMs && peerWaitMs !== peerWaitMs) return sinceMs;
  return Math.max(0, sinceMs - (setUpMs || 0) - (peerWaitMs || 0));
}

/**
 * One scheduled invocation and what became of it: a row of the table
 * `invocations`, as it goes from the dispatcher to a sink. Times in ms since run
 * start; a number that is not known is NaN, which a field of doubles holds without
 * an allocation.
 */
export interface InvocationRow {
  /** Position in the schedule, from 0. */
  index: number;
  /** Index into the functions of the schedule. */
  functionIndex: number;
  phase: Phase;
  scheduledMs: number;
  /** When the call's first bytes went to the socket; NaN if never. */
  dispatchedMs: number;
  /** When the reply, or the failure, was seen; NaN if the call was never sent. */
  completedMs: number;
  requestedRuntimeMs: number;
  /** What the function says it ran for; NaN without a reply. */
  servedRuntimeMs: number;
  requestedMemoryMib: number;
  /** What the function says it used; NaN without a reply. */
  servedMemoryMib: number;
  /** Name of the instance that served it; `null` where unknown. */
  instance: string | null;
  /** First served by an instance that became ready after its dispatch; `null` where unknown. */
  coldStart: boolean | null;
  outcome: Outcome;
  /** gRPC status code; NaN if there was none. */
  statusCode: number;
  /** Of the wait before the dispatch: making the connection that carried the call; NaN: none. */
  setUpMs: number;
  /** Of that wait, or of the wait of a call that was never sent: for the peer; NaN: none. */
  peerWaitMs: number;
  /** What the peer said, or what ended it, where it is not ok; `null`: nothing is known. */
  statusMessage: string | null;
  /** Of the trace that it was sent as a part of (W3C Trace Context); `null`: it is not traced. */
  traceId: string | null;
}

/** Where invocations go; never blocks the caller, and throws nothing at it. */
export interface InvocationSink {
  /**
   * Takes a row in. The row is reused by the caller after return: a sink copies
   * what it keeps.
   */
  write(row: InvocationRow): void;
}

/**
 * A row of which nothing is known, for its owner to fill in again and again.
 * Every number begins as NaN, so that V8 makes its field one of doubles and not
 * of small integers, from which it would have to change later.
 */
export function createInvocationRow(): InvocationRow {
  return {
    index: NaN,
    functionIndex: NaN,
    phase: "measurement",
    scheduledMs: NaN,
    dispatchedMs: NaN,
    completedMs: NaN,
    requestedRuntimeMs: NaN,
    servedRuntimeMs: NaN,
    requestedMemoryMib: NaN,
    servedMemoryMib: NaN,
    instance: null,
    coldStart: null,
    outcome: "cancelled",
    statusCode: NaN,
    setUpMs: NaN,
    peerWaitMs: NaN,
    statusMessage: null,
    traceId: null,
  };
}
