import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { dispatchLagMs } from "../model/record.ts";

/**
 * Response time of every invocation in ms: completed − scheduled, so that a
 * late generator cannot hide. NaN where it never completed.
 */
export function deriveResponseTimeMs(table: StoredInvocations): Float64Array {
  return table.completedMs.map((completedMs, row) => completedMs - table.scheduledMs[row]);
}

/**
 * Transport latency of every invocation in ms: completed − dispatched. NaN
 * where it was never dispatched or never completed.
 */
export function deriveTransportLatencyMs(table: StoredInvocations): Float64Array {
  return table.completedMs.map((completedMs, row) => completedMs - table.dispatchedMs[row]);
}

/**
 * Slowdown of every invocation: a time of it ÷ its requested runtime as sent
 * (whole milliseconds, at least 1).
 *
 * @param timeMs response time, or transport latency for the figure from dispatch
 */
export function deriveSlowdown(table: StoredInvocations, timeMs: Float64Array): Float64Array {
  return timeMs.map((value, row) => value / Math.max(1, table.requestedRuntimeMs[row]));
}

/** {@linkcode dispatchLagMs} of every invocation. */
export function deriveDispatchLagMs(table: StoredInvocations): Float64Array {
  const { scheduledMs, dispatchedMs, setUpMs, peerWaitMs } = table;
  return scheduledMs.map((dueMs, row) =>
    dispatchLagMs(dueMs, dispatchedMs[row], setUpMs[row], peerWaitMs[row])
  );
}
