import { deriveDispatchLagMs } from "./dispatch_lag.ts";
import { groupBySlot } from "./invocation_selection.ts";
import type { InvocationTable } from "./invocation_table.ts";
import { largest } from "./largest.ts";
import { deriveMerit, type Merit } from "./merit.ts";

/** The figures of merit of one minute of a run, warm-up included. */
export interface Minute extends Merit {
  /** Minute since run start, from 0. */
  readonly minute: number;
  /** Distinct functions invoked. */
  readonly functions: number;
  /** `null` without a dispatch. */
  readonly dispatchLagMaxMs: number | null;
}

/** Derives the table of minutes: every minute in which an invocation was due. */
export function deriveMinutes(table: InvocationTable): Minute[] {
  return groupBySlot(table, 60_000).map(({ slot, invocations }) => ({
    minute: slot,
    functions: new Set(invocations.functionCode).size,
    dispatchLagMaxMs: largest(deriveDispatchLagMs(invocations)),
    ...deriveMerit(invocations),
  }));
}
