import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/**
 * Number of cold invocations: those first served by an instance that became
 * ready after their dispatch. `null` where the records tell it of none.
 */
export function countColdInvocations(table: StoredInvocations): number | null {
  let cold = 0;
  let known = 0;
  for (const coldStart of table.coldStart) {
    if (Number.isNaN(coldStart)) continue;
    known++;
    cold += coldStart;
  }
  return known === 0 ? null : cold;
}
