import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/**
 * Response time of every invocation in ms: completed − scheduled, so that a
 * late generator cannot hide. NaN where it never completed.
 */
export function deriveResponseTimeMs(table: StoredInvocations): Float64Array {
  return table.completedMs.map((completedMs, row) => completedMs - table.scheduledMs[row]);
}
