import { LoaderError } from "../base/error.ts";
import { Rng } from "../base/rng.ts";
import type { IatDistribution, Schedule } from "../model/schedule.ts";
import {
  createPatternProfile,
  cutIntoSpans,
  deriveShiftUs,
  generateSpanArrivals,
  PatternSchedule,
} from "./pattern_schedule.ts";
import { rateOfStep, wholeInvocations } from "./rate_scale.ts";

/** Options of {@linkcode generateColdStarts}. */
export interface ColdStartOptions {
  readonly seed: number;
  /** Rate of the first slot, of hot and cold functions together. */
  readonly startRatePerS: number;
  /** What each slot adds. */
  readonly stepRatePerS: number;
  readonly slots: number;
  readonly slotMs: number;
  /** Invocations of cold functions in each slot, from the first again when they end. */
  readonly coldPerSlot: readonly number[];
  /** Functions that are to be cold, in turn. */
  readonly coldFunctions: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
  readonly iatDistribution: IatDistribution;
}

/** Name of the function that is to be warm. */
export const HOT_FUNCTION = "hot";

/** A schedule with cold starts, and how many of its invocations are to be cold. */
export interface ColdStarts {
  readonly schedule: Schedule;
  readonly coldInvocations: number;
  /** The shortest time between two invocations of a cold function; `null`: none is invoked twice. */
  readonly shortestIdleMs: number | null;
}

/**
 * A rate that changes from slot to slot, most of it to one hot function. As many
 * invocations of a slot as are to be cold, spread evenly among its arrivals, go to the
 * cold functions, each to the one that has been idle for longest. Which instances a
 * platform still keeps then is not known here: the records tell who was cold.
 *
 * @throws LoaderError `usage` when a slot has fewer arrivals than are to be cold in it, or none
 */
export function generateColdStarts(options: ColdStartOptions): ColdStarts {
  const { slots, slotMs, coldFunctions, runtimeMs, memoryMib } = options;
  const counts = countSlots(options);
  const width = String(coldFunctions - 1).length;
  const names = Array.from(
    { length: coldFunctions },
    (_, i) => `cold-${String(i).padStart(width, "0")}`,
  );
  // In order of their keys, as schedules are.
  const functions = [...names, HOT_FUNCTION].map((name) =>
    createPatternProfile("cold-start", { name, runtimeMs, memoryMib })
  );
  const spans = function* () {
    const rng = Rng.fromSeed(options.seed, "cold-start");
    const shiftUs = deriveShiftUs(options, functions);
    let coldBefore = 0;
    for (const [slot, { arrivals, cold }] of counts.entries()) {
      let dealt = 0;
      for (const span of cutIntoSpans(slot * slotMs, (slot + 1) * slotMs)) {
        const share = (span.endUs / 1000 - slot * slotMs) / slotMs;
        const upTo = Math.min(arrivals, wholeInvocations(arrivals * share));
        const timesUs = generateSpanArrivals(options, rng, upTo - dealt, span, shiftUs);
        const blocks = functions.map((): number[] => []);
        for (const [i, timeUs] of timesUs.entries()) {
          const rank = coldRank(dealt + i, arrivals, cold);
          blocks[rank === null ? coldFunctions : (coldBefore + rank) % coldFunctions].push(timeUs);
        }
        dealt = upTo;
        yield {
          ...span,
          arrivals: blocks.map((times, position) => ({
            position,
            timesUs: Uint32Array.from(times),
          })),
        };
      }
      coldBefore += cold;
    }
  };
  const schedule = new PatternSchedule(
    functions,
    slots * slotMs,
    [{ fromMs: 0, phase: "measurement" }],
    spans,
  );
  return {
    schedule,
    coldInvocations: counts.reduce((sum, { cold }) => sum + cold, 0),
    shortestIdleMs: findShortestIdle(schedule, coldFunctions),
  };
}

function countSlots({ slots, slotMs, startRatePerS, stepRatePerS, coldPerSlot }: ColdStartOptions) {
  let asked = 0;
  let before = 0;
  return Array.from({ length: slots }, (_, slot) => {
    asked += rateOfStep(startRatePerS, stepRatePerS, slot) * slotMs / 1000;
    const arrivals = wholeInvocations(asked) - before;
    before += arrivals;
    const cold = coldPerSlot[slot % coldPerSlot.length];
    if (cold <= arrivals && arrivals > 0) return { arrivals, cold };
    throw new LoaderError(
      "usage",
      arrivals === 0
        ? `Slot ${slot} has no invocation; raise the rate or make slots longer.`
        : `Slot ${slot} has ${arrivals} invocations, of which ${cold} are to be cold; raise the ` +
          "rate, make slots longer, or ask for fewer.",
      { value: cold },
    );
  });
}

/**
 * Of the cold ones of a slot, which an arrival is: the r-th is the arrival in the middle of the r-th
 * of as many equal parts, ⌊(r + ½)·arrivals/cold⌋. `null`: it is for the hot function.
 */
function coldRank(arrival: number, arrivals: number, cold: number): number | null {
  if (cold === 0) return null;
  const rank = Math.ceil((2 * arrival * cold - arrivals) / (2 * arrivals));
  return rank < cold && Math.floor((2 * rank + 1) * arrivals / (2 * cold)) === arrival
    ? rank
    : null;
}

function findShortestIdle(schedule: Schedule, coldFunctions: number): number | null {
  const last = new Float64Array(coldFunctions).fill(-Infinity);
  let shortest = Infinity;
  for (const { functionIndex, scheduledMs } of schedule.chunks({ reuse: true })) {
    for (const [i, index] of functionIndex.entries()) {
      if (index >= coldFunctions) continue;
      shortest = Math.min(shortest, scheduledMs[i] - last[index]);
      last[index] = scheduledMs[i];
    }
  }
  return shortest === Infinity ? null : shortest;
}
