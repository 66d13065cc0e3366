import type { Outcome } from "../model/record.ts";
import { STATUS } from "./grpc/status.ts";
import { ERROR_CODE } from "./http2/protocol.ts";

/**
 * What ended a call that was sent:
 * - `status`: the peer's `grpc-status`, whatever the HTTP status beside it; with that code
 * - `http`: a reply without one; with its HTTP status
 * - `reset`: the peer's RST_STREAM; with its error code
 * - `lost`: the connection went while the call was out
 * - `unprocessed`: the peer went away (GOAWAY) without looking at it, again and again
 * - `reply`: a reply that cannot be read (compressed, cut off, against the protocol)
 * - `too_large`: a reply longer than is taken
 */
export type EndCause =
  | "status"
  | "http"
  | "reset"
  | "lost"
  | "unprocessed"
  | "reply"
  | "too_large";

/** How a call ended; the objects are the same again and again. */
export interface Ending {
  readonly outcome: Outcome;
  /** gRPC's: the peer's own, or what clients of gRPC make of the rest. */
  readonly statusCode: number;
}

/** A row of {@linkcode ENDINGS}. */
export interface EndingRow extends Ending {
  readonly cause: EndCause;
  /** `null`: any other, or none. */
  readonly code: number | null;
}

function row(
  cause: EndCause,
  code: number | null,
  outcome: Outcome,
  statusCode: number,
): EndingRow {
  return { cause, code, outcome, statusCode };
}

/**
 * What becomes of a call by what ended it before its deadline. A peer that refuses
 * has not begun (`rejected`); one whose time-out passed is `timed_out`; what broke
 * off, or went wrong otherwise, has `failed`. A peer that says CANCELLED has failed:
 * `cancelled` is what the user stopped, and does not count against a platform.
 *
 * The status codes are those of grpc/grpc: doc/http-grpc-status-mapping.md, and of
 * doc/PROTOCOL-HTTP2.md, section "Errors".
 */
export const ENDINGS: readonly EndingRow[] = [
  ...Object.values(STATUS).map((code) => row("status", code, outcomeOfStatus(code), code)),
  row("http", 400, "failed", STATUS.internal),
  row("http", 401, "failed", STATUS.unauthenticated),
  row("http", 403, "failed", STATUS.permissionDenied),
  row("http", 404, "failed", STATUS.unimplemented),
  row("http", 408, "timed_out", STATUS.unknown),
  row("http", 429, "rejected", STATUS.unavailable),
  row("http", 502, "failed", STATUS.unavailable),
  row("http", 503, "rejected", STATUS.unavailable),
  row("http", 504, "timed_out", STATUS.unavailable),
  row("http", null, "failed", STATUS.unknown),
  row("reset", ERROR_CODE.refusedStream, "rejected", STATUS.unavailable),
  row("reset", ERROR_CODE.cancel, "failed", STATUS.cancelled),
  row("reset", ERROR_CODE.enhanceYourCalm, "rejected", STATUS.resourceExhausted),
  row("reset", ERROR_CODE.inadequateSecurity, "failed", STATUS.permissionDenied),
  row("reset", null, "failed", STATUS.internal),
  row("lost", null, "failed", STATUS.unavailable),
  row("unprocessed", null, "rejected", STATUS.unavailable),
  row("reply", null, "failed", STATUS.internal),
  row("too_large", null, "failed", STATUS.resourceExhausted),
];

function outcomeOfStatus(statusCode: number): Outcome {
  switch (statusCode) {
    case STATUS.ok:
      return "ok";
    case STATUS.deadlineExceeded:
      return "timed_out";
    case STATUS.resourceExhausted:
    case STATUS.unavailable:
      return "rejected";
    default:
      return "failed";
  }
}

/**
 * Before the deadline by as much, an end is the deadline's too: the peer counts it
 * by its own clock, from a time-out in whole milliseconds.
 */
const TOLERANCE_MS = 1;

/** By cause and code. */
const ENDING_OF = Map.groupBy(ENDINGS, ({ cause }) => cause);

/** Those of calls that ended at their deadline, by status code. */
const AT_DEADLINE: readonly Ending[] = Object.values(STATUS).map((statusCode) => ({
  outcome: "timed_out",
  statusCode,
}));

/**
 * How a call has ended by `cause` (and its `code`) at `completedMs`. What ends at
 * the deadline or later has timed out, whatever was said; the status is then the
 * peer's `grpc-status`, if it gave one, else DEADLINE_EXCEEDED. A reply that is well
 * is in time until the deadline itself, anything else until a millisecond before it.
 *
 * @example
 * ```ts
 * import { endingOf } from "./call_ending.ts";
 * if (endingOf("http", 502, 10, 1000).outcome !== "failed") throw new Error("broken off");
 * if (endingOf("http", 502, 999.5, 1000).outcome !== "timed_out") throw new Error("its deadline");
 * ```
 */
export function endingOf(
  cause: EndCause,
  code: number | null,
  completedMs: number,
  deadlineMs: number,
): Ending {
  const isOk = cause === "status" && code === STATUS.ok;
  if (completedMs >= (isOk ? deadlineMs : deadlineMs - TOLERANCE_MS)) {
    return AT_DEADLINE[cause === "status" ? code! : STATUS.deadlineExceeded];
  }
  const rows = ENDING_OF.get(cause)!;
  if (isOk) return rows[STATUS.ok];
  // The last of a cause is for every other code.
  return rows.find((row) => row.code === code) ?? rows.at(-1)!;
}
