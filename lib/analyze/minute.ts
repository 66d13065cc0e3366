import { deriveDispatchLagMs } from "./dispatch_lag.ts";
import type { Phase } from "../model/schedule.ts";
import { groupInvocations } from "./invocation_selection.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import { largest } from "./largest.ts";
import { deriveSummary, type Summary } from "./summary.ts";

/** The summary of one minute of a run in one phase, warm-up included. */
export interface Minute extends Summary {
  readonly phase: Phase;
  /** Minute since run start, from 0. */
  readonly minute: number;
  /** Distinct functions invoked. */
  readonly functions: number;
  /** `null` without a dispatch. */
  readonly dispatchLagMaxMs: number | null;
}

const MINUTE_MS = 60_000;

/**
 * Derives the table of minutes: every minute in which an invocation was due; two, where
 * the phase changes within it, so that no figure mixes both.
 */
export function deriveMinutes(table: StoredInvocations): Minute[] {
  const keyOf = (row: number) =>
    2 * Math.floor(table.scheduledMs[row] / MINUTE_MS) + table.measured[row];
  return groupInvocations(table, keyOf).map(({ key, invocations }) => ({
    minute: Math.floor(key / 2),
    phase: key % 2 === 0 ? "warmup" : "measurement",
    functions: new Set(invocations.functionCode).size,
    dispatchLagMaxMs: largest(deriveDispatchLagMs(invocations)),
    ...deriveSummary(invocations),
  }));
}
