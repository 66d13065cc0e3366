import type { InvocationTable } from "./invocation_table.ts";

/**
 * Slowdown of every invocation: a time of it ÷ its requested runtime as sent
 * (whole milliseconds, at least 1).
 *
 * @param timeMs response time, or transport latency for the figure from dispatch
 */
export function deriveSlowdown(table: InvocationTable, timeMs: Float64Array): Float64Array {
  return timeMs.map((value, row) => value / Math.max(1, table.requestedRuntimeMs[row]));
}
