import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { InstanceLife } from "./instance_life.ts";
import { enlarge } from "./time_bins.ts";

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
export class ColdShareTally {
  #invocations = new Float64Array(0);
  #cold = new Float64Array(0);
  #functionIds: readonly string[] = [];

  /** @param keep told the row number: whether it counts */
  add(table: StoredInvocations, keep: (row: number) => boolean = () => true): void {
    const { coldStart, functionCode, functionIds } = table;
    this.#functionIds = functionIds;
    if (functionIds.length > this.#cold.length) {
      this.#invocations = enlarge(this.#invocations, functionIds.length, 0);
      this.#cold = enlarge(this.#cold, functionIds.length, 0);
    }
    for (let row = 0; row < table.count; row++) {
      if (Number.isNaN(coldStart[row]) || !keep(row)) continue;
      this.#invocations[functionCode[row]]++;
      this.#cold[functionCode[row]] += coldStart[row];
    }
  }

  build(): ColdShare[] {
    return this.#functionIds
      .map((functionId, i) => ({
        functionId,
        invocations: this.#invocations[i],
        cold: this.#cold[i],
      }))
      .filter(({ invocations }) => invocations > 0);
  }
}

/** See {@linkcode ColdShareTally}. */
export function deriveColdShares(table: StoredInvocations): ColdShare[] {
  const tally = new ColdShareTally();
  tally.add(table);
  return tally.build();
}

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

/**
 * Lists the cold invocations of a run by the instance that served them; each serves at most one.
 *
 * @param cold those of what came before, to which they are added
 */
export function listColdInvocations(
  table: StoredInvocations,
  cold = new Map<string, ColdInvocation>(),
): Map<string, ColdInvocation> {
  const { index, dispatchedMs, completedMs, servedRuntimeMs, coldStart } = table;
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
