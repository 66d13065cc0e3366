/** What does it cost to spread one rate over more functions? */
import {
  COMMON_OPTIONS,
  type Experiment,
  generateRateStep,
  PATTERN_OPTIONS,
  planRepetitions,
  REPETITION_OPTIONS,
  runAsScript,
} from "../../mod.ts";

const options = { ...REPETITION_OPTIONS, ...PATTERN_OPTIONS, ...COMMON_OPTIONS };
const load = { ratePerS: 40, durationMs: 30_000, warmupShare: 0.2 };

const spread: Experiment<typeof options> = {
  name: "spread",
  question: "What does it cost to spread one rate over more functions?",
  options,
  answer: {
    kind: "sweep",
    parameter: "functions",
    against: "the number of functions",
    axis: "functions that share the rate",
    unit: "functions",
    figures: ["slowdown"],
  },
  plan({ iat, runtimeMs, memoryMib, ...options }) {
    const fixed = { ...load, runtimeMs, memoryMib, iatDistribution: iat };
    const runs = [1, 2, 5, 10, 20].flatMap((functions) =>
      planRepetitions(`functions-${functions}`, options, (seed) => ({
        parameters: { functions },
        trace: null,
        schedule: generateRateStep({ ...fixed, functions, seed }),
        initialScales: Array(functions).fill(1),
      }))
    );
    return Promise.resolve({ runs, overloadTolerance: Infinity });
  },
};

await runAsScript(spread);
