import type { Outcome } from "../model/record.ts";

/** Status codes of gRPC that decide an outcome (grpc/grpc: doc/statuscodes.md). */
export const GRPC_STATUS = {
  ok: 0,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unavailable: 14,
} as const;

/**
 * The outcome of an invocation that its peer ended with a gRPC status. A peer
 * that says CANCELLED has failed: `cancelled` is what the user stopped, and does
 * not count against a platform.
 */
export function outcomeOfStatus(statusCode: number): Outcome {
  switch (statusCode) {
    case GRPC_STATUS.ok:
      return "ok";
    case GRPC_STATUS.deadlineExceeded:
      return "timed_out";
    case GRPC_STATUS.resourceExhausted:
    case GRPC_STATUS.unavailable:
      return "rejected";
    default:
      return "failed";
  }
}
