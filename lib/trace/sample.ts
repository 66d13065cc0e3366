import { LoaderError } from "../base/error.ts";
import { deriveKey, type RngKey } from "../base/rng.ts";
import {
  formatMinutes,
  functionKey,
  type FunctionProfile,
  type Trace,
  traceLengthMs,
} from "../model/trace.ts";
import { countInvocations, type TraceWindow, validateWindow, wholeWindow } from "./window.ts";

/** Options of {@linkcode sampleTrace}. */
export interface SampleOptions {
  readonly seed: number;
  /** Only functions invoked in it are taken; the whole trace by default. */
  readonly window?: TraceWindow;
}

/**
 * Draws a uniformly random sample of `size` functions out of those that are
 * invoked in the window. A function's rank depends on the seed and its key
 * alone, and the sample is the lowest ranks: so of one trace, window and seed
 * each sample is part of every larger one. The order of functions is kept.
 *
 * @throws LoaderError `usage` when the window or the size does not suit the trace
 */
export function sampleTrace(trace: Trace, size: number, options: SampleOptions): Trace {
  if (!Number.isInteger(size) || size < 1) {
    throw new LoaderError(
      "usage",
      `The size of a sample must be a whole number from 1, got ${size}.`,
      { value: size },
    );
  }
  const invoked = selectInvoked(trace, options.window).functions;
  if (invoked.length < size) {
    throw new LoaderError(
      "usage",
      `A sample of ${size} functions is too large: the trace ${trace.name} has ` +
        `${invoked.length} that are invoked in ${describeWindow(trace, options.window)}.`,
      { value: size },
    );
  }
  const ranked = invoked.map((profile) => ({
    profile,
    rank: deriveKey(options.seed, "sample", functionKey(profile)),
  })).sort((a, b) => compareKeys(a.rank, b.rank));
  const chosen = new Set<FunctionProfile>(ranked.slice(0, size).map(({ profile }) => profile));
  return {
    ...trace,
    name: `${trace.name}, random ${size}`,
    functions: invoked.filter((profile) => chosen.has(profile)),
  };
}

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
 * import { describeNesting } from "./sample.ts";
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
  return { ...trace, functions };
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
 * import { SlotCounts } from "../model/slot_counts.ts";
 * import { selectSeldom } from "./sample.ts";
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
  return { ...trace, name: `${trace.name} (at most ${mostPerMinute} a minute)`, functions };
}

function describeWindow(trace: Trace, window: TraceWindow | undefined): string {
  if (window === undefined) return `its ${formatMinutes(traceLengthMs(trace))} minutes`;
  const { startMs, lengthMs } = window;
  return `minutes ${formatMinutes(startMs)} to ${formatMinutes(startMs + lengthMs)}`;
}

function compareKeys(a: RngKey, b: RngKey): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}
