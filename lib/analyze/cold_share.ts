import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/** How many of a function's invocations were cold. */
export interface ColdShare {
  readonly functionId: string;
  /** Those of which it is known. */
  readonly invocations: number;
  readonly cold: number;
}

/**
 * Counts the cold invocations of each function: of those of which it is known,
 * so that a function without any is left out.
 */
export function deriveColdShares(table: StoredInvocations): ColdShare[] {
  const invocations = new Float64Array(table.functionIds.length);
  const cold = new Float64Array(table.functionIds.length);
  for (let row = 0; row < table.count; row++) {
    if (Number.isNaN(table.coldStart[row])) continue;
    invocations[table.functionCode[row]]++;
    cold[table.functionCode[row]] += table.coldStart[row];
  }
  return table.functionIds
    .map((functionId, i) => ({ functionId, invocations: invocations[i], cold: cold[i] }))
    .filter(({ invocations }) => invocations > 0);
}
