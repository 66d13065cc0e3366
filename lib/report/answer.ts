import type { RunAnalysis, RunTables } from "../analyze/run_analysis.ts";
import { createBurstAnswer } from "./burst_answer.ts";
import type { Figure } from "./figure.ts";
import type { Plotter } from "./plotter.ts";
import { createRampAnswer } from "./ramp_answer.ts";
import { createSweepAnswer } from "./sweep_answer.ts";

/** Collects what the answer to the experiment's question needs, run by run. */
export interface Answer {
  /** Takes in a run; may keep of the tables only what is small. */
  add(analysis: RunAnalysis, tables: RunTables): void;
  /** Renders the figures that answer the question; none if the runs do not allow it. */
  render(plotter: Plotter): Figure[];
}

/** A kind of answer and what the parameters of every run must hold for it. */
interface AnswerKind {
  readonly parameters: readonly string[];
  create(): Answer;
}

/**
 * The kinds of answers, the more special first. An experiment declares its
 * kind by the parameters of its runs, so that a new experiment that varies
 * what an old one varied needs no entry here.
 */
const ANSWER_KINDS: readonly AnswerKind[] = [
  { parameters: ["burstAtMs", "burstMs"], create: createBurstAnswer },
  { parameters: ["slotMs", "startRatePerS", "stepRatePerS"], create: createRampAnswer },
  { parameters: ["functions"], create: createSweepAnswer },
];

const NO_ANSWER: Answer = { add() {}, render: () => [] };

/** Creates the collector for runs with the given parameters. */
export function createAnswer(
  parametersOfRuns: readonly Readonly<Record<string, number | string>>[],
): Answer {
  const kind = ANSWER_KINDS.find(({ parameters }) =>
    parametersOfRuns.length > 0 &&
    parametersOfRuns.every((run) => parameters.every((name) => typeof run[name] === "number"))
  );
  return kind === undefined ? NO_ANSWER : kind.create();
}
