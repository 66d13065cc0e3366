import { dispatchLagMs } from "../model/record.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/** {@linkcode dispatchLagMs} of every invocation. */
export function deriveDispatchLagMs(table: StoredInvocations): Float64Array {
  const { scheduledMs, dispatchedMs, setUpMs, peerWaitMs } = table;
  return scheduledMs.map((dueMs, row) =>
    dispatchLagMs(dueMs, dispatchedMs[row], setUpMs[row], peerWaitMs[row])
  );
}
