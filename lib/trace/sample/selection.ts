import { LoaderError } from "../../base/error.ts";
import {
  formatMinutes,
  functionKey,
  type FunctionProfile,
  type Trace,
  traceLengthMs,
} from "../../model/trace.ts";
import { countInvocations, type TraceWindow, validateWindow, wholeWindow } from "../window.ts";

/** How many functions of a trace are invoked in a window. */
export function countInvoked(trace: Trace, window: TraceWindow): number {
  return trace.functions.filter((profile) => countInvocations(profile, window, trace.slotMs) > 0)
    .length;
}

/**
 * Says where samples that are to be nested are not: functions of the smaller one
 * that the larger one does not have, or has with other figures. `null`: they are.
 *
 * @example
 * ```ts
 * import { describeNesting } from "./selection.ts";
 * const trace = {
 *   name: "large",
 *   slotMs: 60_000,
 *   slots: 1,
 *   functions: [],
 *   repairs: [],
 *   hash: "",
 * };
 * if (describeNesting(trace, { ...trace, name: "larger" }) !== null) throw new Error("nested");
 * ```
 */
export function describeNesting(smaller: Trace, larger: Trace): string | null {
  const known = new Map(larger.functions.map((profile) => [functionKey(profile), profile]));
  let missing = 0;
  let differing = 0;
  for (const profile of smaller.functions) {
    const other = known.get(functionKey(profile));
    if (other === undefined) missing++;
    else if (!areAlike(profile, other)) differing++;
  }
  if (missing === 0 && differing === 0) return null;
  const of = `of the ${smaller.functions.length} functions of the sample ${smaller.name}`;
  const faults = [
    ...missing > 0 ? [`${missing} ${of} are not in ${larger.name}`] : [],
    ...differing > 0 ? [`${differing} ${of} have other figures in ${larger.name}`] : [],
  ];
  return `The samples are not nested: ${faults.join(", and ")}; what differs between their runs ` +
    "is not the number of functions alone.";
}

/** True if a function is invoked as often and asks for the same; memory may be shared otherwise. */
function areAlike(a: FunctionProfile, b: FunctionProfile): boolean {
  return a.invocationsPerSlot.equals(b.invocationsPerSlot) &&
    a.runtimeMs.mean === b.runtimeMs.mean &&
    a.runtimeMs.values.every((value, i) => value === b.runtimeMs.values[i]);
}

/**
 * The functions of a trace that are invoked in a window, the whole trace by default.
 *
 * @throws LoaderError `usage` when the window does not suit the trace or no function is left
 */
export function selectInvoked(trace: Trace, window?: TraceWindow): Trace {
  const chosen = window ?? wholeWindow(trace);
  validateWindow(trace, chosen);
  const functions = trace.functions.filter((profile) =>
    countInvocations(profile, chosen, trace.slotMs) > 0
  );
  if (functions.length === 0) {
    throw new LoaderError(
      "usage",
      `No functions are left: none of the ${trace.functions.length} of the trace ${trace.name} ` +
        `is invoked in ${describeWindow(trace, window)}; choose another window.`,
    );
  }
  return { ...trace, functions, certificate: undefined };
}

/**
 * The functions of a trace that are invoked at most so often, on average over the
 * whole trace. What is invoked more often than instances are kept is warm
 * whatever decides on them, and drowns the rest.
 *
 * @throws LoaderError `usage` when none is left
 *
 * @example
 * ```ts
 * import { SlotCounts } from "../../model/slot_counts.ts";
 * import { selectSeldom } from "./selection.ts";
 * const flat = { quantiles: [0, 1], values: [10, 10], mean: 10 };
 * const [busy, seldom] = [[5, 4], [0, 2]].map((counts, i) => ({
 *   id: `f${i}`,
 *   appId: "a",
 *   ownerId: "o",
 *   trigger: null,
 *   invocationsPerSlot: SlotCounts.from(counts),
 *   runtimeMs: flat,
 *   memoryMib: flat,
 * }));
 * const functions = [busy, seldom];
 * const trace = { name: "day", slotMs: 60_000, slots: 2, functions, repairs: [], hash: "" };
 * if (selectSeldom(trace, 1).functions[0] !== seldom) throw new Error("once a minute");
 * ```
 */
export function selectSeldom(trace: Trace, mostPerMinute: number): Trace {
  const most = mostPerMinute * traceLengthMs(trace) / 60_000;
  const functions = trace.functions.filter(({ invocationsPerSlot }) =>
    invocationsPerSlot.total <= most
  );
  if (functions.length === 0) {
    throw new LoaderError(
      "usage",
      `No functions are left: each of the ${trace.functions.length} of the trace ${trace.name} is ` +
        `invoked more often than ${mostPerMinute} times a minute on average; allow for more.`,
      { value: mostPerMinute },
    );
  }
  const name = `${trace.name} (at most ${mostPerMinute} a minute)`;
  return { ...trace, name, functions, certificate: undefined };
}

/** The part of a trace that a window is, for a message. */
export function describeWindow(trace: Trace, window: TraceWindow | undefined): string {
  if (window === undefined) return `its ${formatMinutes(traceLengthMs(trace))} minutes`;
  const { startMs, lengthMs } = window;
  return `minutes ${formatMinutes(startMs)} to ${formatMinutes(startMs + lengthMs)}`;
}
