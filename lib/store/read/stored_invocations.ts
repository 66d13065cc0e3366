import { join } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { isRanked, type Outcome, OUTCOMES } from "../../model/record.ts";
import { INVOCATIONS } from "../schema/tables.ts";
import { readCsvTable } from "./stored_table.ts";

/** The records of a run as columns of equal length; times in ms since run start. */
export interface StoredInvocations {
  readonly count: number;
  /** Distinct functions; `functionCode` points into them. */
  readonly functionIds: readonly string[];
  readonly functionCode: Int32Array;
  /** 1 in the measurement phase, 0 in warm-up. */
  readonly measured: Uint8Array;
  readonly scheduledMs: Float64Array;
  /** NaN if never dispatched. */
  readonly dispatchedMs: Float64Array;
  /** Of the wait before the dispatch: making the connection; NaN: none. */
  readonly setUpMs: Float64Array;
  /** Of that wait, or of that of a call that was never sent: for the peer; NaN: none. */
  readonly peerWaitMs: Float64Array;
  /** NaN if never sent. */
  readonly completedMs: Float64Array;
  readonly requestedRuntimeMs: Float64Array;
  /** 1 cold, 0 not cold, NaN unknown. */
  readonly coldStart: Float64Array;
  /** Position in {@linkcode OUTCOMES}. */
  readonly outcome: Uint8Array;
}

/** Code of the outcome `ok` in {@linkcode StoredInvocations}. */
export const OK_CODE = OUTCOMES.indexOf("ok");

const RANKED_CODES = OUTCOMES.map(isRanked);

/** See {@linkcode isRanked}: whether an invocation with this code has a rank in quantiles. */
export function isRankedCode(code: number): boolean {
  return RANKED_CODES[code];
}

/**
 * Reads `invocations.csv` of a run's folder; without one there are no rows.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readInvocations(runPath: string): Promise<StoredInvocations> {
  const file = join(runPath, `${INVOCATIONS.name}.csv`);
  const table = await readCsvTable(file, INVOCATIONS, [
    "function_id",
    "phase",
    "scheduled_ms",
    "dispatched_ms",
    "completed_ms",
    "requested_runtime_ms",
    "cold_start",
    "outcome",
  ], ["set_up_ms", "peer_wait_ms"]);
  const phase = table.texts("phase");
  const measurement = phase.values.indexOf("measurement");
  const outcome = table.texts("outcome");
  const outcomeCodes = outcome.values.map((value) => {
    const code = OUTCOMES.indexOf(value as Outcome);
    if (code >= 0) return code;
    throw new LoaderError("result", `Unknown outcome ${JSON.stringify(value)}.`, {
      file,
      line: outcome.codes.indexOf(outcome.values.indexOf(value)) + 2,
      column: "outcome",
      value,
    });
  });
  const functionId = table.texts("function_id");
  return {
    count: table.rowCount,
    functionIds: functionId.values,
    functionCode: functionId.codes,
    measured: Uint8Array.from(phase.codes, (code) => code === measurement ? 1 : 0),
    scheduledMs: table.numbers("scheduled_ms"),
    dispatchedMs: table.numbers("dispatched_ms"),
    setUpMs: table.numbers("set_up_ms"),
    peerWaitMs: table.numbers("peer_wait_ms"),
    completedMs: table.numbers("completed_ms"),
    requestedRuntimeMs: table.numbers("requested_runtime_ms"),
    coldStart: table.numbers("cold_start"),
    outcome: Uint8Array.from(outcome.codes, (code, row) => {
      if (code >= 0) return outcomeCodes[code];
      throw new LoaderError("result", "The outcome is missing.", {
        file,
        line: row + 2,
        column: "outcome",
      });
    }),
  };
}
