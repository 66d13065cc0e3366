import type { RunAnalysis, RunTables } from "../../analyze/run_analysis.ts";
import { createBurstAnswer } from "./burst_answer.ts";
import type { Figure } from "../plot/figure.ts";
import type { Html } from "../page/html.ts";
import { createKeepAliveAnswer } from "./keep_alive_answer.ts";
import type { Plotter } from "../plot/plotter.ts";
import { createSweepAnswer } from "./sweep_answer.ts";
import { chooseSweptParameter } from "./swept_parameter.ts";

/** Collects what the answer to the experiment's question needs, run by run. */
export interface Answer {
  /** Takes in a run; may keep of the tables only what is small. */
  add(analysis: RunAnalysis, tables: RunTables): void | Promise<void>;
  /** What stands above the figures, if anything: the answer in words, a table. */
  renderText?(): Html | null;
  /** What stands below the figures, if anything: the numbers that they show. */
  renderTable?(): Html | null;
  /** Renders the figures that answer the question; none if the runs do not allow it. */
  render(plotter: Plotter): Figure[];
}

const NO_ANSWER: Answer = { add() {}, render: () => [] };

/**
 * Creates the collector for runs with the given parameters. An experiment
 * declares what kind of answer it has by the parameters of its runs, so that a
 * new one that varies what an old one varied needs no entry here.
 */
export function createAnswer(
  parametersOfRuns: readonly Readonly<Record<string, number | string>>[],
): Answer {
  const isBurst = parametersOfRuns.length > 0 &&
    parametersOfRuns.every((parameters) =>
      typeof parameters.burstAtMs === "number" && typeof parameters.burstMs === "number"
    );
  // A burst has a rate too, so it is asked for first.
  if (isBurst) return createBurstAnswer();
  const isKeepAlive = parametersOfRuns.length > 0 &&
    parametersOfRuns.every((parameters) => typeof parameters.policy === "string");
  if (isKeepAlive) return createKeepAliveAnswer();
  const parameter = chooseSweptParameter(parametersOfRuns);
  return parameter === null ? NO_ANSWER : createSweepAnswer(parameter);
}
