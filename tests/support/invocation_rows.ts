import { createInvocationRow, type Outcome } from "../../lib/model/record.ts";
import type { Phase } from "../../lib/model/schedule.ts";
import { InvocationColumns } from "../../lib/preflight/invocation_columns.ts";
import type { StoredInvocations } from "../../lib/store/read/stored_invocations.ts";

/** An invocation as a test writes it down; what is left out is ordinary. */
export interface InvocationOfTest {
  readonly functionId?: string;
  readonly phase?: Phase;
  readonly scheduledMs: number;
  readonly dispatchedMs?: number | null;
  readonly setUpMs?: number;
  readonly peerWaitMs?: number;
  readonly completedMs?: number | null;
  readonly requestedRuntimeMs?: number;
  readonly servedRuntimeMs?: number;
  readonly requestedMemoryMib?: number;
  readonly instance?: string;
  readonly coldStart?: boolean | null;
  readonly outcome?: Outcome;
}

/** The invocations as a table. */
export function invocationTable(rows: readonly InvocationOfTest[]): StoredInvocations {
  const functionIds = [...new Set(rows.map((row) => row.functionId ?? "f"))];
  const columns = new InvocationColumns(functionIds, rows.length);
  for (const [index, { functionId = "f", dispatchedMs, completedMs, ...row }] of rows.entries()) {
    columns.write({
      ...createInvocationRow(),
      index,
      functionIndex: functionIds.indexOf(functionId),
      requestedRuntimeMs: 10,
      coldStart: false,
      outcome: "ok",
      ...row,
      dispatchedMs: dispatchedMs === undefined ? row.scheduledMs : dispatchedMs ?? NaN,
      completedMs: completedMs === undefined ? row.scheduledMs + 10 : completedMs ?? NaN,
    });
  }
  return columns.table;
}
