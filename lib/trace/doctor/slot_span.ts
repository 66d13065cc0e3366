import type { Trace } from "../../model/trace.ts";
import { validateWindow } from "../window.ts";

/** A part of a trace, in whole slots. */
export interface SlotSpan {
  /** First slot. */
  readonly fromSlot: number;
  /** The slot after the last. */
  readonly toSlot: number;
}

/**
 * The slots that a window touches.
 *
 * @param window with a length of `null`: to the end of the trace
 * @throws LoaderError `usage` when it does not lie inside the trace
 */
export function spanOfWindow(
  trace: Pick<Trace, "name" | "slotMs" | "slots" | "firstMinute">,
  window: { readonly startMs: number; readonly lengthMs: number | null },
): SlotSpan {
  const { slotMs, slots } = trace;
  const { startMs, lengthMs = null } = window;
  validateWindow(trace, { startMs, lengthMs: lengthMs ?? Math.max(0, slots * slotMs - startMs) });
  return {
    fromSlot: startMs / slotMs,
    toSlot: lengthMs === null ? slots : Math.ceil((startMs + lengthMs) / slotMs),
  };
}
