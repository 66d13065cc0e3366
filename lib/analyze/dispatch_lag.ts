import { dispatchLagMs } from "../model/record.ts";
import type { InvocationTable } from "./invocation_table.ts";

/** {@linkcode dispatchLagMs} of every invocation. */
export function deriveDispatchLagMs(table: InvocationTable): Float64Array {
  const { scheduledMs, dispatchedMs, setUpMs, peerWaitMs } = table;
  return scheduledMs.map((dueMs, row) =>
    dispatchLagMs(dueMs, dispatchedMs[row], setUpMs[row], peerWaitMs[row])
  );
}
