import { join } from "node:path";
import { INVOCATIONS } from "../schema/tables.ts";
import { readCsvTable } from "./stored_table.ts";

/** What instances served, as columns of equal length; times in ms since run start. */
export interface ServiceTable {
  readonly count: number;
  /** Distinct functions; `functionCode` points into them. */
  readonly functionIds: readonly string[];
  readonly functionCode: Int32Array;
  /** Distinct instances; `instanceCode` points into them, −1 where it is unknown. */
  readonly instances: readonly string[];
  readonly instanceCode: Int32Array;
  /** NaN if never sent. */
  readonly completedMs: Float64Array;
  /** What the function says it ran for; NaN without a reply. */
  readonly servedRuntimeMs: Float64Array;
  readonly requestedMemoryMib: Float64Array;
}

/**
 * Reads who served for how long from `invocations.csv` of a run's folder; without
 * one there are no rows.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readServices(runPath: string): Promise<ServiceTable> {
  const table = await readCsvTable(join(runPath, `${INVOCATIONS.name}.csv`), INVOCATIONS, [
    "function_id",
    "instance",
    "completed_ms",
    "served_runtime_ms",
    "requested_memory_mib",
  ]);
  const functionId = table.texts("function_id");
  const instance = table.texts("instance");
  return {
    count: table.rowCount,
    functionIds: functionId.values,
    functionCode: functionId.codes,
    instances: instance.values,
    instanceCode: instance.codes,
    completedMs: table.numbers("completed_ms"),
    servedRuntimeMs: table.numbers("served_runtime_ms"),
    requestedMemoryMib: table.numbers("requested_memory_mib"),
  };
}
