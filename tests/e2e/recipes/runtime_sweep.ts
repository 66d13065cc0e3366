/**
 * How does slowdown depend on the requested runtime?
 *
 *     deno run -P experiments/runtime_sweep.ts --platform simulator
 */
import {
  COMMON_OPTIONS,
  type Experiment,
  generateRateStep,
  integerListOption,
  numberOption,
  PATTERN_OPTIONS,
  runAsScript,
} from "../../../mod.ts";

// Of the options of a pattern, the one that is swept is left out.
const { runtimeMs: _, ...patternOptions } = PATTERN_OPTIONS;

const options = {
  runtimesMs: integerListOption("ms,ms,…", {
    unit: "Ms",
    meaning: "requested runtimes, a run each",
    default: [5, 50, 500],
    minimum: 1,
    maximum: 60_000,
  }),
  ratePerS: numberOption("rate", {
    unit: "PerS",
    meaning: "invocations a second",
    default: 5,
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  ...patternOptions,
  ...COMMON_OPTIONS,
};

export const runtimeSweep: Experiment<typeof options> = {
  name: "runtime-sweep",
  question: "How does slowdown depend on the requested runtime?",
  options,
  answer: {
    kind: "sweep",
    parameter: "runtimeMs",
    against: "the requested runtime",
    axis: "requested runtime (ms)",
    unit: "ms",
    figures: ["slowdown"],
  },

  plan({ runtimesMs, ratePerS, memoryMib, iat, seed }) {
    const runs = runtimesMs.map((runtimeMs) => {
      const schedule = generateRateStep({
        seed,
        ratePerS,
        durationMs: 20_000,
        warmupShare: 0.2,
        functions: 1,
        runtimeMs,
        memoryMib,
        iatDistribution: iat,
      });
      return {
        name: `runtime-${runtimeMs}`,
        parameters: { runtimeMs },
        trace: null,
        schedule,
        initialScales: [1],
      };
    });
    return Promise.resolve({ runs, overloadTolerance: 1 });
  },
};

if (import.meta.main) await runAsScript(runtimeSweep);
