import { type AnswerDeclaration, findMissingParameter } from "../../model/answer.ts";
import type { StoredExperiment } from "../../store/read/experiment_folder.ts";

/**
 * The answers of the experiments that there were before experiments declared theirs, by name. An
 * experiment of another name has none, unless someone writes `answer` into its `experiment.json`.
 */
const ANSWERS: Readonly<Record<string, AnswerDeclaration>> = {
  "trace-sweep": {
    kind: "sweep",
    parameter: "functions",
    against: "the number of functions",
    axis: "number of functions",
    unit: "functions",
    unitOfOne: "function",
    figures: ["slowdown", "response_time"],
  },
  "rps-ramp": {
    kind: "sweep",
    parameter: "ratePerS",
    against: "rate",
    axis: "rate (invocations per second)",
    unit: "per second",
    figures: ["slowdown", "response_time"],
  },
  "burst": {
    kind: "burst",
    functions: { bursty: "bursty", steady: "steady", victim: "victim" },
    beginParameter: "burstAtMs",
    lengthParameter: "burstMs",
  },
  "keep-alive": {
    kind: "keep_alive",
    policyParameter: "policy",
    memoryParameter: "nodeMemoryMib",
    reference: "fixed-10min",
    bound: "oracle",
  },
};

/** The answer of an experiment whose manifest declares none; `null` where its runs do not fit. */
export function undeclaredAnswerOf({ manifest, runs }: StoredExperiment): AnswerDeclaration | null {
  const answer = Object.hasOwn(ANSWERS, manifest.experiment) ? ANSWERS[manifest.experiment] : null;
  const fits = answer !== null &&
    runs.every((run) => findMissingParameter(answer, run.manifest.parameters) === null);
  return fits ? answer : null;
}
