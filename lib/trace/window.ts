import { LoaderError } from "../base/error.ts";
import { describeMinutes, type FunctionProfile, type Trace } from "../model/trace.ts";

/** A part of a trace. */
export interface TraceWindow {
  /** First minute, from 0. */
  readonly startMinute: number;
  /** Length in minutes; may be fractional. */
  readonly minutes: number;
}

/**
 * Checks that a window lies inside a trace.
 *
 * @throws LoaderError `usage` when it does not, or is no window at all
 *
 * @example
 * ```ts
 * import { validateWindow } from "./window.ts";
 * const trace = { name: "example", minutes: 1440 };
 * validateWindow(trace, { startMinute: 1439, minutes: 0.5 });
 * ```
 */
export function validateWindow(
  trace: Pick<Trace, "name" | "minutes" | "firstMinute">,
  window: TraceWindow,
): void {
  const { startMinute, minutes } = window;
  if (!Number.isInteger(startMinute) || startMinute < 0) {
    throw new LoaderError(
      "usage",
      `The start minute of a window must be a whole number from 0, got ${startMinute}.`,
      { value: startMinute },
    );
  }
  if (!Number.isFinite(minutes) || minutes <= 0) {
    throw new LoaderError(
      "usage",
      `The length of a window must be more than 0 minutes, got ${minutes}.`,
      { value: minutes },
    );
  }
  const endMinute = startMinute + minutes;
  if (endMinute > trace.minutes) {
    throw new LoaderError(
      "usage",
      `The trace ${trace.name} has ${describeMinutes(trace)}, the window asks for minutes ` +
        `${startMinute} to ${formatMinute(endMinute)}; start earlier or shorten the duration.`,
      { value: endMinute },
    );
  }
}

/** A minute of a trace for a message: seconds may make a long fraction of it. */
export function formatMinute(minute: number): string {
  return String(Number(minute.toFixed(3)));
}

/** Invocations of a function in the minutes that a window touches. */
export function countInvocations(
  profile: Pick<FunctionProfile, "invocationsPerMinute">,
  window: TraceWindow,
): number {
  const endMinute = Math.ceil(window.startMinute + window.minutes);
  let count = 0;
  for (let minute = window.startMinute; minute < endMinute; minute++) {
    count += profile.invocationsPerMinute[minute];
  }
  return count;
}
