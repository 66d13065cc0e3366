import type { Answer } from "./answer.ts";
import { createBurstAnswer } from "./burst_answer.ts";
import { createKeepAliveAnswer } from "./keep_alive_answer.ts";
import { createSweepAnswer } from "./sweep_answer.ts";
import { chooseSweptParameter } from "./swept_parameter.ts";

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
