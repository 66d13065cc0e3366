import type { Summary } from "../analyze/summary.ts";
import { LoaderError } from "../base/error.ts";
import { type AnswerDeclaration, findMissingParameter } from "../model/answer.ts";
import type { Schedule } from "../model/schedule.ts";
import type { Trace } from "../model/trace.ts";
import type { TraceReplayFacts } from "../store/schema/manifest.ts";
import type { CommonOptions } from "./common_options.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";

/** One run of an experiment, before it is made. */
export interface PlannedRun {
  /** Unique in the experiment, fit for a folder: `functions-20_repetition-0`. */
  readonly name: string;
  /** What distinguishes it from the other runs; what the answer is drawn by is among them. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** The trace that it replays, if one. */
  readonly trace: Trace | null;
  /** How it replays it: what the options say, and what follows from them. */
  readonly replay?: TraceReplayFacts;
  readonly schedule: Schedule;
  /** Instances wanted before the load, by function index; cut to the platform's capacity. */
  readonly initialScales: readonly number[];
  /** Sentences that a person should know before the load, and a reader of its figures. */
  readonly notes?: readonly string[];
  /** Runs in a row with equal words share one deployment; without, each has its own. */
  readonly deployment?: string;
  /** What it has otherwise than the experiment's options say, such as a policy. */
  readonly options?: Partial<CommonOptions>;
}

/** What came of a run, for a plan that goes by it. */
export interface RunFeedback {
  /** True if too many of its invocations failed. */
  readonly isOverloaded: boolean;
  /** True if its generator did not keep its schedule: it says nothing of the platform. */
  readonly isGeneratorLimited: boolean;
  /** Of its measurement phase. */
  readonly summary: Summary;
}

/**
 * Runs in order; a plan that goes by what came of each has it as the value of its `yield`, and
 * may return a sentence on what it came to, which is told when it ends.
 */
export type PlannedRuns = Iterable<PlannedRun, unknown, RunFeedback | undefined>;

/** What an experiment will do. */
export interface ExperimentPlan {
  /** In order; may be made one by one, and without an end until overload. */
  readonly runs: PlannedRuns;
  /** True if which run comes next depends on what came of the one before; false by default. */
  readonly isAdaptive?: boolean;
  /**
   * Tries of one run that end in overload before the experiment stops; 1: the first
   * stops it. `Infinity`: none does, as the runs do not build on one another, and none
   * is tried once more.
   */
  readonly overloadTolerance: number;
}

/** What makes the load of an experiment larger or smaller, a whole number. */
export interface LoadSize<Values> {
  /** What it counts, in the plural: `functions`. */
  readonly unit: string;
  /** The largest that the options ask for. */
  asked(options: Values): number;
  /** The largest that there can be. */
  most(options: Values): number | Promise<number>;
  /** The options of an experiment with a load of that size and no more than that needs. */
  withSize(options: Values, size: number): Values;
}

/** A question, its options, and the runs that answer it. */
export interface Experiment<O extends OptionTable> {
  /** As in `trace-sweep`. */
  readonly name: string;
  /** The question it asks, for the report's title and the help. */
  readonly question: string;
  /** What the report draws to answer it; `null`: the figures of the runs alone. */
  readonly answer: AnswerDeclaration | null;
  readonly options: O;
  /** Options of calls that show what it can do, for the help; empty: with its defaults. */
  readonly examples?: readonly string[];
  /** Where there is one: preflight then looks for the largest that the platform carries. */
  readonly loadSize?: LoadSize<OptionValues<O> & CommonOptions>;
  /** Reads what it needs and says what will happen; deploys nothing. */
  plan(options: OptionValues<O> & CommonOptions): Promise<ExperimentPlan>;
}

/**
 * Hands on the runs of an experiment, each with what its answer is drawn by.
 *
 * @throws LoaderError `usage` when a run lacks it
 */
export function* requireParameters(
  answer: AnswerDeclaration | null,
  runs: PlannedRuns,
): Generator<PlannedRun, unknown, RunFeedback | undefined> {
  const iterator = runs[Symbol.iterator]();
  let next = iterator.next(undefined);
  while (!next.done) {
    const run = next.value;
    const missing = answer === null ? null : findMissingParameter(answer, run.parameters);
    if (missing !== null) {
      throw new LoaderError("usage", `The answer needs of the run ${run.name} a ${missing}.`);
    }
    next = iterator.next(yield run);
  }
  return next.value;
}
