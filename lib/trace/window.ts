import { LoaderError } from "../base/error.ts";
import {
  describeLength,
  formatMinutes,
  type FunctionProfile,
  type Trace,
  traceLengthMs,
} from "../model/trace.ts";

/** A part of a trace, in milliseconds from its start. */
export interface TraceWindow {
  /** Where it begins, at the start of a slot. */
  readonly startMs: number;
  /** How long it is; it may end inside a slot. */
  readonly lengthMs: number;
}

/** All of a trace. */
export function wholeWindow(trace: Pick<Trace, "slotMs" | "slots">): TraceWindow {
  return { startMs: 0, lengthMs: traceLengthMs(trace) };
}

/**
 * Checks that a window lies inside a trace.
 *
 * @throws LoaderError `usage` when it does not, or is no window at all
 *
 * @example
 * ```ts
 * import { validateWindow } from "./window.ts";
 * const trace = { name: "example", slotMs: 60_000, slots: 1440 };
 * validateWindow(trace, { startMs: 1439 * 60_000, lengthMs: 30_000 });
 * ```
 */
export function validateWindow(
  trace: Pick<Trace, "name" | "slotMs" | "slots" | "firstMinute">,
  { startMs, lengthMs }: TraceWindow,
): void {
  if (!Number.isFinite(startMs) || startMs < 0 || startMs % trace.slotMs !== 0) {
    throw new LoaderError(
      "usage",
      `A window must start at a whole number of slots of ${trace.slotMs / 1000} s from 0, not at ` +
        `minute ${formatMinutes(startMs)}.`,
      { value: startMs },
    );
  }
  if (!Number.isFinite(lengthMs) || lengthMs <= 0) {
    throw new LoaderError(
      "usage",
      `The length of a window must be more than 0 minutes, got ${formatMinutes(lengthMs)}.`,
      { value: lengthMs },
    );
  }
  const endMs = startMs + lengthMs;
  if (endMs > traceLengthMs(trace)) {
    throw new LoaderError(
      "usage",
      `The trace ${trace.name} has ${describeLength(trace)}, the window asks for minutes ` +
        `${formatMinutes(startMs)} to ${formatMinutes(endMs)}; start earlier or shorten the ` +
        "duration.",
      { value: endMs },
    );
  }
}

/** Invocations of a function in the slots that a window touches. */
export function countInvocations(
  profile: Pick<FunctionProfile, "invocationsPerSlot">,
  { startMs, lengthMs }: TraceWindow,
  slotMs: number,
): number {
  return profile.invocationsPerSlot.sum(
    Math.floor(startMs / slotMs),
    Math.ceil((startMs + lengthMs) / slotMs),
  );
}
