import { join } from "node:path";
import { INVOCATIONS } from "../store/schema/tables.ts";
import { readCsvTable } from "../store/read/stored_table.ts";
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

/**
 * Reads the cold invocations of a run by the instance that served them; each
 * serves at most one.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readColdInvocations(runPath: string): Promise<Map<string, ColdInvocation>> {
  const table = await readCsvTable(join(runPath, `${INVOCATIONS.name}.csv`), INVOCATIONS, [
    "index",
    "dispatched_ms",
    "completed_ms",
    "served_runtime_ms",
    "instance",
    "cold_start",
  ]);
  const index = table.numbers("index");
  const dispatchedMs = table.numbers("dispatched_ms");
  const completedMs = table.numbers("completed_ms");
  const servedRuntimeMs = table.numbers("served_runtime_ms");
  const coldStart = table.numbers("cold_start");
  const instance = table.texts("instance");
  const cold = new Map<string, ColdInvocation>();
  for (let row = 0; row < table.rowCount; row++) {
    if (coldStart[row] !== 1 || instance.codes[row] < 0) continue;
    const name = instance.values[instance.codes[row]];
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
