import type { InvocationTable } from "./invocation_table.ts";

/**
 * Response time of every invocation in ms: completed − scheduled, so that a
 * late generator cannot hide. NaN where it never completed.
 */
export function deriveResponseTimeMs(table: InvocationTable): Float64Array {
  return table.completedMs.map((completedMs, row) => completedMs - table.scheduledMs[row]);
}
