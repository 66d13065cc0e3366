import { type Bound, boundedValueOf } from "../analyze/bound.ts";
import {
  deriveCapacity,
  searchedValueOf,
  summarizeTried,
  type TriedValue,
} from "../analyze/capacity.ts";
import { LoaderError } from "../base/error.ts";
import type { VerdictWord } from "../store/schema/manifest.ts";
import { describeCapacity, describeConfirmation } from "../report/answers/capacity_text.ts";
import type { PlannedRun, RunFeedback } from "./experiment.ts";

/** A run whose generator did not keep its schedule was another load. */
const GENERATOR_LIMITED = "GENERATOR-LIMITED" satisfies VerdictWord;

/** How the smallest value of a parameter is looked for. */
export interface CapacitySearch {
  /** What it is of: `max-scale`. */
  readonly sought: string;
  readonly bound: Bound;
  /** No value is smaller, and none is larger. */
  readonly least: number;
  readonly most: number;
  /** Runs of each value. */
  readonly repetitions: number;
  /** Where the answer is confirmed. */
  readonly platform: string;
  /** The run of a value on the simulator. */
  search(value: number, repetition: number): PlannedRun;
  /** The one run of the value that was found, where it is to be confirmed. */
  confirm(value: number): PlannedRun;
}

/** Runs of a search, each with what came of the one before as the value of its `yield`. */
type SearchRuns<Result> = Generator<PlannedRun, Result, RunFeedback | undefined>;

/**
 * Looks for the smallest value with which a figure is within its bound: twice the last one
 * until it is, then in the middle between the largest that is not and the smallest that is.
 * It takes for granted that more is never worse, and looks once, at twice what it found,
 * whether that is so. What it found is then confirmed by one run.
 *
 * @returns runs, whose feedback is the value of each `yield`; at the end the answer in words,
 * `null` where nobody tells what comes of them
 * @throws LoaderError `usage` when the bounds are none, or a run has too few invocations for
 * the figure
 */
export function* searchCapacity(search: CapacitySearch): SearchRuns<string | null> {
  const { bound, sought, platform } = search;
  const tried = yield* tryValues(search);
  if (tried === null) return null;
  const found = deriveCapacity(tried);
  const sentences = describeCapacity(found, bound, sought);
  if (found.smallest === null) return sentences.join(" ");
  const { value } = found.smallest;
  const feedback = yield search.confirm(value);
  if (feedback === undefined) return null;
  const confirmation = {
    platform,
    value,
    result: boundedValueOf(feedback.summary, bound),
    leftOut: feedback.isGeneratorLimited ? GENERATOR_LIMITED : null,
  };
  return [...sentences, describeConfirmation(confirmation, found, bound)].join(" ");
}

/** What was tried, and is enough to tell the answer; `null`: nobody tells what came of it. */
function* tryValues(search: CapacitySearch): SearchRuns<TriedValue[] | null> {
  const { sought, least, most } = search;
  if (least > most) {
    throw new LoaderError("usage", `--most: ${most} is below the least ${sought}, ${least}.`, {
      value: most,
    });
  }
  const tried: TriedValue[] = [];
  let lost: number | null = null;
  let kept: number | null = null;
  for (let value: number | null = least; value !== null;) {
    const found: TriedValue | null = yield* tryValue(value, search);
    if (found === null) return null;
    tried.push(found);
    if (!found.isWithin) lost = Math.max(lost ?? value, value);
    else kept = value;
    value = nextValue(lost, kept, most);
  }
  const beyond = kept === null ? most : Math.min(larger(kept), most);
  if (kept === null || tried.some(({ value }) => value >= beyond)) return tried;
  const found = yield* tryValue(beyond, search);
  return found === null ? null : [...tried, found];
}

/** The value to try next; `null`: it is known, or there is none. */
function nextValue(lost: number | null, kept: number | null, most: number): number | null {
  if (kept === null) return lost! < most ? Math.min(larger(lost!), most) : null;
  if (lost === null || kept - lost <= 1) return null;
  return lost + Math.floor((kept - lost) / 2);
}

function larger(value: number): number {
  return Math.max(2 * value, value + 1);
}

/** The repetitions of one value; `null`: nobody tells what came of them. */
function* tryValue(
  value: number,
  { bound, repetitions, search }: CapacitySearch,
): SearchRuns<TriedValue | null> {
  const results: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const run = search(value, repetition);
    const feedback = yield run;
    if (feedback === undefined) return null;
    const result = searchedValueOf(feedback, bound);
    if (result === null) throw new LoaderError("usage", describeUnknown(run, bound));
    results.push(result);
    // What overloads the platform does so whatever the arrivals.
    if (feedback.isOverloaded) break;
  }
  return summarizeTried(value, results, bound.most);
}

function describeUnknown({ name }: PlannedRun, { metric }: Bound): string {
  return `--bound: the run ${name} has too few measured invocations for the ${metric.words}, ` +
    "which needs ten of them beyond it; make it longer, raise the rate, or bound a lower quantile.";
}
