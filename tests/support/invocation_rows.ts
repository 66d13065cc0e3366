import type { StoredInvocations } from "../../lib/store/read/stored_invocations.ts";
import type { Phase } from "../../lib/model/schedule.ts";
import { type Outcome, OUTCOMES } from "../../lib/model/record.ts";

/** An invocation as a test writes it down; what is left out is ordinary. */
export interface InvocationRow {
  readonly functionId?: string;
  readonly phase?: Phase;
  readonly scheduledMs: number;
  readonly dispatchedMs?: number | null;
  readonly setUpMs?: number;
  readonly peerWaitMs?: number;
  readonly completedMs?: number | null;
  readonly requestedRuntimeMs?: number;
  readonly coldStart?: boolean | null;
  readonly outcome?: Outcome;
}

/** The invocations as a table. */
export function invocationTable(rows: readonly InvocationRow[]): StoredInvocations {
  const functionIds = [...new Set(rows.map((row) => row.functionId ?? "f"))];
  const numbers = (valueOf: (row: InvocationRow) => number | null) =>
    Float64Array.from(rows, (row) => valueOf(row) ?? NaN);
  return {
    count: rows.length,
    functionIds,
    functionCode: Int32Array.from(rows, (row) => functionIds.indexOf(row.functionId ?? "f")),
    measured: Uint8Array.from(rows, (row) => row.phase === "warmup" ? 0 : 1),
    scheduledMs: numbers((row) => row.scheduledMs),
    dispatchedMs: numbers((row) =>
      row.dispatchedMs === undefined ? row.scheduledMs : row.dispatchedMs
    ),
    setUpMs: numbers((row) => row.setUpMs ?? null),
    peerWaitMs: numbers((row) => row.peerWaitMs ?? null),
    completedMs: numbers((row) =>
      row.completedMs === undefined ? row.scheduledMs + 10 : row.completedMs
    ),
    requestedRuntimeMs: numbers((row) => row.requestedRuntimeMs ?? 10),
    coldStart: numbers((row) => row.coldStart === null ? null : Number(row.coldStart ?? false)),
    outcome: Uint8Array.from(rows, (row) => OUTCOMES.indexOf(row.outcome ?? "ok")),
  };
}
