import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/**
 * Transport latency of every invocation in ms: completed − dispatched. NaN
 * where it was never dispatched or never completed.
 */
export function deriveTransportLatencyMs(table: StoredInvocations): Float64Array {
  return table.completedMs.map((completedMs, row) => completedMs - table.dispatchedMs[row]);
}
