/**
 * How much does slowdown owe to which functions are in the sample?
 *
 * Many samples of one trace and size, taken as ours are and by chance, each in a run
 * of its own. Whoever has only one of them reports one of these curves: the nearer
 * they lie to one another, the less it matters which.
 *
 *     deno task exp:variation --functions 20 --samples 20
 */
import {
  choiceListOption,
  COMMON_OPTIONS,
  type Experiment,
  integerOption,
  type PlannedRun,
  planTraceRun,
  platformsWith,
  readTraceOfOptions,
  runAsScript,
  SAMPLE_METHODS,
  sampleTrace,
  TRACE_OPTIONS,
  traitsOf,
  windowOfOptions,
  withDefault,
  withOpenDuration,
} from "../mod.ts";

// How samples are taken is what the runs differ in.
const { sampling: _, ...traceOptions } = TRACE_OPTIONS;

const SIMULATED_MS = 10 * 60_000;

/** Many runs, which cost next to nothing where time is virtual. */
const [VIRTUAL] = platformsWith(({ traits }) => traits.isVirtual);

const options = {
  functions: integerOption("number", {
    meaning: "functions of each sample",
    default: { local: 10, cluster: 50 },
    minimum: 1,
    maximum: 1_000_000,
  }),
  samples: integerOption("number", {
    meaning: "samples taken by each method, each with a seed of its own",
    default: { local: 8, cluster: 100 },
    minimum: 2,
    maximum: 10_000,
  }),
  methods: choiceListOption(SAMPLE_METHODS, {
    meaning: "how they are taken",
    default: ["stratified", "random"],
  }),
  ...traceOptions,
  ...COMMON_OPTIONS,
  platform: withDefault(COMMON_OPTIONS.platform, VIRTUAL),
};

export const variation: Experiment<typeof options> = {
  name: "variation",
  question: "How much does slowdown owe to which functions are in the sample?",
  options,
  examples: [
    "",
    "--functions 20 --samples 20",
    "--methods stratified,random,faascache --samples 5",
  ],
  answer: {
    kind: "distribution",
    measure: "slowdown",
    split: { by: "parameter", parameter: "method", against: "repeated samples by method" },
  },

  async plan(given) {
    const all = { ...given, sampling: "auto" as const };
    // Simulated time costs next to none.
    const options = traitsOf(all.platform).isVirtual ? withOpenDuration(all, SIMULATED_MS) : all;
    const trace = await readTraceOfOptions(options);
    const window = windowOfOptions(trace, options);
    const runs: PlannedRun[] = [];
    // The methods by turns, so that what drifts hits all alike.
    for (let sample = 0; sample < options.samples; sample++) {
      for (const method of options.methods) {
        const seed = options.seed + sample;
        runs.push(planTraceRun(
          sampleTrace(trace, options.functions, { seed, window, method }),
          options,
          {
            name: `${method}_sample-${sample}`,
            parameters: { method, sample },
            repetition: sample,
          },
        ));
      }
    }
    // What overloads one sample says nothing of the next.
    return { runs, overloadTolerance: Infinity };
  },
};

if (import.meta.main) await runAsScript(variation);
