import { groupBySlot, selectMeasured } from "./invocation_selection.ts";
import type { InvocationTable } from "./invocation_table.ts";
import { deriveMerit, type Merit } from "./merit.ts";

/** How the rate of a ramp climbs: slot k has the rate start + k·step. */
export interface RateRamp {
  readonly slotMs: number;
  readonly startRatePerS: number;
  readonly stepRatePerS: number;
}

/** The figures of merit of one slot of a ramp. */
export interface RateSlot extends Merit {
  readonly slot: number;
  readonly ratePerS: number;
}

/**
 * Derives the figures of merit of every slot of a ramp that has measured
 * invocations, in order. The start of each slot is warm-up by its phase and is
 * left out.
 */
export function deriveRateSlots(table: InvocationTable, ramp: RateRamp): RateSlot[] {
  return groupBySlot(selectMeasured(table), ramp.slotMs).map(({ slot, invocations }) => ({
    slot,
    ratePerS: ramp.startRatePerS + slot * ramp.stepRatePerS,
    ...deriveMerit(invocations),
  }));
}
