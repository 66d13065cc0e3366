import { LoaderError } from "../../base/error.ts";
import { type AnswerDeclaration, findMissingParameter } from "../../model/answer.ts";
import type { StoredExperiment } from "../../store/read/experiment_folder.ts";
import type { Answer } from "./answer.ts";
import { createBurstAnswer } from "./burst_answer.ts";
import { createCapacityAnswer } from "./capacity_answer.ts";
import { createDerivedAnswer } from "./derived_answer.ts";
import { createDistributionAnswer } from "./distribution_answer.ts";
import { createInvocationsAnswer } from "./invocations_answer.ts";
import { createKeepAliveAnswer } from "./keep_alive_answer.ts";
import { createMatrixAnswer } from "./matrix_answer.ts";
import { createSweepAnswer } from "./sweep_answer.ts";
import { createWorksAnswer } from "./works_answer.ts";
import { undeclaredAnswerOf } from "./undeclared_answer.ts";

const NO_ANSWER: Answer = { add() {}, render: () => [] };

/**
 * Creates the collector of the answer that the experiment declares.
 *
 * @throws LoaderError `result` when a run lacks what the answer is drawn by
 */
export function createAnswer(experiment: StoredExperiment): Answer {
  const { answer } = experiment.manifest;
  if (answer === undefined) return createDeclared(undeclaredAnswerOf(experiment), experiment);
  for (const { path, manifest } of experiment.runs) {
    const missing = answer === null ? null : findMissingParameter(answer, manifest.parameters);
    if (missing === null) continue;
    throw new LoaderError("result", `The experiment's answer needs of this run a ${missing}.`, {
      file: path,
    });
  }
  const { matrix } = experiment.manifest;
  return matrix === undefined
    ? createDeclared(answer, experiment)
    : createMatrixAnswer(answer, matrix.parameters, () => createDeclared(answer, experiment));
}

function createDeclared(
  answer: AnswerDeclaration | null,
  { path, manifest }: StoredExperiment,
): Answer {
  switch (answer?.kind) {
    case undefined:
      return NO_ANSWER;
    case "sweep":
      return createSweepAnswer(answer);
    case "burst":
      return createBurstAnswer(answer);
    case "keep_alive":
      return createKeepAliveAnswer(answer);
    case "invocations":
      return createInvocationsAnswer();
    case "capacity":
      return createCapacityAnswer(answer, manifest);
    case "works":
      return createWorksAnswer(answer);
    case "derived":
      return createDerivedAnswer(answer, path);
    case "distribution":
      return createDistributionAnswer(answer);
  }
}
