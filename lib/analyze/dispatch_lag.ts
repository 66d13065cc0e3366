import type { InvocationTable } from "./invocation_table.ts";

/**
 * Dispatch lag of every invocation in ms: dispatched − scheduled, the lateness
 * of the generator. NaN where it was never dispatched.
 */
export function deriveDispatchLagMs(table: InvocationTable): Float64Array {
  return table.dispatchedMs.map((dispatchedMs, row) => dispatchedMs - table.scheduledMs[row]);
}
