import { isRateKept } from "../analyze/knee.ts";
import type { PlannedRun, RunFeedback } from "./experiment.ts";

/** How the highest rate that a platform keeps is looked for. */
export interface KneeSearch {
  /** First rate. */
  readonly startPerS: number;
  /** No rate is lower, and none is higher. */
  readonly leastPerS: number;
  readonly mostPerS: number;
  /** The search ends where the lowest rate lost is at most this part above the highest kept. */
  readonly precision: number;
  /** See {@linkcode isRateKept}. */
  readonly mostSlowdown: number;
  /** The run of a rate. */
  run(tried: TriedLoad): PlannedRun;
}

/** A rate that is to be tried. */
export interface TriedLoad {
  readonly ratePerS: number;
  /** From 1. */
  readonly attempt: number;
  /**
   * Tries before this one that were lost. What is left of their queues would be in the
   * way of this one on the same deployment.
   */
  readonly lostBefore: number;
}

/** A rate is looked at once more before it counts as lost. */
const ATTEMPTS = 2;

/** Digits of a rate between two others. */
const DIGITS = 3;

/**
 * Looks for the highest rate that a platform keeps: twice the last one while it is kept
 * (half of it, while even the first is not), then in the middle, by ratio, between the
 * highest kept and the lowest lost. A rate that is not kept is tried once more, so that a
 * hiccup does not end the climb.
 *
 * @returns runs, whose feedback is the value of each `yield`
 */
export function* searchKnee(
  search: KneeSearch,
): Generator<PlannedRun, void, RunFeedback | undefined> {
  const { startPerS, leastPerS, mostPerS, precision } = search;
  let kept: number | null = null;
  let lost: number | null = null;
  let lostBefore = 0;
  let ratePerS = Math.min(Math.max(startPerS, leastPerS), mostPerS);
  for (;;) {
    let isKept = false;
    for (let attempt = 1; attempt <= ATTEMPTS && !isKept; attempt++) {
      const feedback = yield search.run({ ratePerS, attempt, lostBefore });
      // Nobody tells what came of the runs.
      if (feedback === undefined) return;
      isKept = isRateKept(feedback, search.mostSlowdown);
      if (!isKept) lostBefore++;
    }
    if (isKept) kept = ratePerS;
    else lost = ratePerS;
    const next = nextRate(kept, lost, search);
    if (next === null || next === kept || next === lost) return;
    if (kept !== null && lost !== null && lost <= kept * (1 + precision)) return;
    ratePerS = next;
  }
}

function nextRate(
  kept: number | null,
  lost: number | null,
  { leastPerS, mostPerS }: KneeSearch,
): number | null {
  if (lost === null) return kept === mostPerS ? null : round(Math.min(2 * kept!, mostPerS));
  if (kept === null) return lost === leastPerS ? null : Math.max(round(lost / 2), leastPerS);
  return round(Math.sqrt(kept * lost));
}

function round(ratePerS: number): number {
  return Number(ratePerS.toPrecision(DIGITS));
}
