import { LoaderError } from "../base/error.ts";
import type { Schedule } from "../model/schedule.ts";
import { createPatternProfile, cutIntoSpans, PatternSchedule } from "./pattern_schedule.ts";
import { US_PER_MS } from "./arrivals.ts";

/** Options of {@linkcode generateInstants}. */
export interface InstantsOptions {
  /** Name of the function. */
  readonly name: string;
  /** When it is invoked, in milliseconds from the start, on whole microseconds; in any order. */
  readonly instantsMs: readonly number[];
  /** After all of them. */
  readonly durationMs: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
}

/**
 * A function that is invoked at given instants.
 *
 * @throws LoaderError `usage` when there is none, or one lies outside of the duration
 */
export function generateInstants(
  { name, instantsMs, durationMs, runtimeMs, memoryMib }: InstantsOptions,
): Schedule {
  const outside = instantsMs.find((instantMs) => !(instantMs >= 0 && instantMs < durationMs));
  if (outside !== undefined || instantsMs.length === 0) {
    throw new LoaderError(
      "usage",
      outside === undefined
        ? "There is no instant at which to invoke."
        : `The instant ${outside} ms lies outside of the ${durationMs} ms of the schedule.`,
      { value: outside },
    );
  }
  const instantsUs = Float64Array.from(instantsMs, (ms) => Math.round(ms * US_PER_MS)).sort();
  const functions = [createPatternProfile("instants", { name, runtimeMs, memoryMib })];
  return new PatternSchedule(
    functions,
    durationMs,
    [{ fromMs: 0, phase: "measurement" }],
    function* () {
      for (const span of cutIntoSpans(0, durationMs)) {
        const own = instantsUs.filter((us) => us >= span.startUs && us < span.endUs);
        const timesUs = Uint32Array.from(own, (us) => us - span.startUs);
        yield { ...span, arrivals: [{ position: 0, timesUs }] };
      }
    },
  );
}
