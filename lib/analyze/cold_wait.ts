import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { InstanceLife } from "./instance_life.ts";

/** A cold invocation as the records have it; times in ms since run start. */
export interface ColdInvocation {
  /** Position in the schedule. */
  readonly index: number;
  readonly dispatchedMs: number;
  readonly completedMs: number;
  /** NaN where the function did not tell. */
  readonly servedRuntimeMs: number;
}

/** What a cold invocation waited beside the start of its instance, and for it. */
export interface ColdWait {
  /** From its dispatch until the instance was created; 0 where that had been created before. */
  readonly beforeStartMs: number;
  /** From then on until the instance was ready; NaN if it never was. */
  readonly duringStartMs: number;
  /** The rest of its latency less the served runtime; negative if served before ready was told. */
  readonly afterStartMs: number;
}

/** Lists the cold invocations of a run by the instance that served them; each serves at most one. */
export function listColdInvocations(table: StoredInvocations): Map<string, ColdInvocation> {
  const { index, dispatchedMs, completedMs, servedRuntimeMs, coldStart } = table;
  const cold = new Map<string, ColdInvocation>();
  for (let row = 0; row < table.count; row++) {
    if (coldStart[row] !== 1 || table.instanceCode[row] < 0) continue;
    const name = table.instances[table.instanceCode[row]];
    if (cold.has(name)) continue;
    cold.set(name, {
      index: index[row],
      dispatchedMs: dispatchedMs[row],
      completedMs: completedMs[row],
      servedRuntimeMs: servedRuntimeMs[row],
    });
  }
  return cold;
}

/** Derives what a cold invocation waited for, given the instance that served it. */
export function deriveColdWait(
  { dispatchedMs, completedMs, servedRuntimeMs }: ColdInvocation,
  { createdMs, readyMs }: InstanceLife,
): ColdWait {
  const beforeStartMs = Math.max(0, createdMs - dispatchedMs);
  const duringStartMs = readyMs - Math.max(createdMs, dispatchedMs);
  const waitedMs = completedMs - dispatchedMs - servedRuntimeMs;
  return { beforeStartMs, duringStartMs, afterStartMs: waitedMs - beforeStartMs - duringStartMs };
}
