import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/**
 * Slowdown of every invocation: a time of it ÷ its requested runtime as sent
 * (whole milliseconds, at least 1).
 *
 * @param timeMs response time, or transport latency for the figure from dispatch
 */
export function deriveSlowdown(table: StoredInvocations, timeMs: Float64Array): Float64Array {
  return timeMs.map((value, row) => value / Math.max(1, table.requestedRuntimeMs[row]));
}
