import type { Trace } from "../../model/trace.ts";
import { type TraceWindow, validateWindow } from "../window.ts";

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
 * @throws LoaderError `usage` when it does not lie inside the trace
 */
export function spanOfWindow(
  trace: Pick<Trace, "name" | "slotMs" | "slots" | "firstMinute">,
  window: TraceWindow,
): SlotSpan {
  validateWindow(trace, window);
  const { startMs, lengthMs } = window;
  return {
    fromSlot: startMs / trace.slotMs,
    toSlot: Math.ceil((startMs + lengthMs) / trace.slotMs),
  };
}
