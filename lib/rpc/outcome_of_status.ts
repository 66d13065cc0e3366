import type { Outcome } from "../model/record.ts";
import { STATUS } from "./grpc/status.ts";

/**
 * The outcome of an invocation that its peer ended with a gRPC status. A peer
 * that says CANCELLED has failed: `cancelled` is what the user stopped, and does
 * not count against a platform.
 */
export function outcomeOfStatus(statusCode: number): Outcome {
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
