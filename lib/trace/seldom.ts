import { LoaderError } from "../base/error.ts";
import type { Trace } from "../model/trace.ts";

/**
 * The functions of a trace that are invoked at most so often, on average over the
 * whole trace. What is invoked more often than instances are kept is warm
 * whatever decides on them, and drowns the rest.
 *
 * @throws LoaderError `usage` when none is left
 *
 * @example
 * ```ts
 * import { selectSeldom } from "./seldom.ts";
 * const flat = { quantiles: [0, 1], values: [10, 10], mean: 10 };
 * const [busy, seldom] = [[5, 4], [0, 2]].map((counts, i) => ({
 *   id: `f${i}`,
 *   appId: "a",
 *   ownerId: "o",
 *   trigger: null,
 *   invocationsPerMinute: Uint32Array.from(counts),
 *   runtimeMs: flat,
 *   memoryMib: flat,
 * }));
 * const trace = { name: "day", minutes: 2, functions: [busy, seldom], repairs: [], hash: "" };
 * if (selectSeldom(trace, 1).functions[0] !== seldom) throw new Error("once a minute");
 * ```
 */
export function selectSeldom(trace: Trace, mostPerMinute: number): Trace {
  const functions = trace.functions.filter(({ invocationsPerMinute }) =>
    invocationsPerMinute.reduce((sum, count) => sum + count, 0) <= mostPerMinute * trace.minutes
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
