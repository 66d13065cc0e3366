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

/** A rate is looked at once more before it counts as lost, or the generator as too slow for it. */
const ATTEMPTS = 2;

/** Digits of a rate between two others. */
const DIGITS = 3;

/** Runs of a search, whose feedback is the value of each `yield`. */
type SearchRuns<Result> = Generator<PlannedRun, Result, RunFeedback | undefined>;

/** What became of a rate. */
type TriedRateResult =
  | "kept"
  | "lost"
  /** The generator did not keep its schedule: it says nothing of the platform. */
  | "late"
  /** Nobody tells what came of the runs. */
  | "untold";

/**
 * Looks for the highest rate that a platform keeps: twice the last one while it is kept
 * (half of it, while even the first is not), then in the middle, by ratio, between the
 * highest kept and the lowest lost. A rate that is not kept is tried once more, so that a
 * hiccup does not end the climb. So is one at which the generator was late; where it is
 * late again, the search ends, as nothing can be learnt beyond it.
 *
 * @returns runs, whose feedback is the value of each `yield`; at the end a sentence where
 * the generator ended it
 */
export function* searchKnee(search: KneeSearch): SearchRuns<string | null> {
  const { startPerS, leastPerS, mostPerS, precision } = search;
  let kept: number | null = null;
  let lost: number | null = null;
  const tries = new RateTries(search);
  let ratePerS = Math.min(Math.max(startPerS, leastPerS), mostPerS);
  for (;;) {
    const result = yield* tries.tryRate(ratePerS);
    if (result === "untold") return null;
    if (result === "late") {
      return `The search ended at ${ratePerS} a second: the generator did not keep its schedule ` +
        "there, twice, so that what the platform does is not known; a larger machine, or one of " +
        "its own for the platform, would tell.";
    }
    if (result === "kept") kept = ratePerS;
    else lost = ratePerS;
    const next = nextRate(kept, lost, search);
    if (next === null || next === kept || next === lost) return null;
    if (kept !== null && lost !== null && lost <= kept * (1 + precision)) return null;
    ratePerS = next;
  }
}

/** Tries rates, each as often as it takes. */
class RateTries {
  readonly #search: KneeSearch;
  /** Tries so far that left a queue. */
  #lostBefore = 0;

  constructor(search: KneeSearch) {
    this.#search = search;
  }

  *tryRate(ratePerS: number): SearchRuns<TriedRateResult> {
    const { run, mostSlowdown } = this.#search;
    const counts = { lost: 0, late: 0 };
    for (let attempt = 1;; attempt++) {
      const feedback = yield run({ ratePerS, attempt, lostBefore: this.#lostBefore });
      if (feedback === undefined) return "untold";
      const { isGeneratorLimited } = feedback;
      if (!isGeneratorLimited && isRateKept(feedback, mostSlowdown)) return "kept";
      this.#lostBefore++;
      const result = isGeneratorLimited ? "late" : "lost";
      if (++counts[result] === ATTEMPTS) return result;
    }
  }
}

/**
 * Makes several searches one after the other, each with a search of its own.
 *
 * @returns the runs of all; at the end what those said that ended before their answer
 */
export function* searchInTurn(
  repetitions: number,
  searchOf: (repetition: number) => KneeSearch,
): SearchRuns<string | null> {
  const sentences = new Set<string>();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const sentence = yield* searchKnee(searchOf(repetition));
    if (sentence !== null) sentences.add(sentence);
  }
  return sentences.size === 0 ? null : [...sentences].join(" ");
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
