/**
 * What would earlier works have concluded, with the functions that they chose?
 *
 * The workloads of FaaSCache, Medes, Hermes, Atoll and Mu and our sample, taken from one
 * trace and run on one platform, beside the whole trace. Each repetition chooses anew by
 * a seed of its own, so that what a work owes to its choice is seen apart from its method.
 *
 *     deno task exp:prior-works --repetitions 10
 */
import {
  choiceListOption,
  COMMON_OPTIONS,
  countFunctionsOfOptions,
  type Experiment,
  integerOption,
  type PlannedRun,
  planTraceRun,
  platformsWith,
  PRIOR_WORKS,
  readTraceOfOptions,
  runAsScript,
  SAMPLE_METHODS,
  type SampleMethod,
  sampleTrace,
  TRACE_OPTIONS,
  traitsOf,
  windowOfOptions,
  withDefault,
  withOpenDuration,
} from "../mod.ts";

const SIMULATED_MS = 80_000;
const REFERENCE = "trace";

// How samples are taken is what the runs differ in.
const { sampling: _, ...traceOptions } = TRACE_OPTIONS;

/** Many runs, which cost next to nothing where time is virtual. */
const [VIRTUAL] = platformsWith(({ traits }) => traits.isVirtual);

const options = {
  works: choiceListOption(SAMPLE_METHODS, {
    meaning: "whose choices are made, ours (stratified) and chance among them",
    default: ["stratified", "faascache", "medes", "hermes", "atoll", "mu"],
  }),
  functions: integerOption("number", {
    meaning: "functions of our samples and of those by chance; a work has its own number",
    default: 50,
    minimum: 1,
    maximum: 1_000_000,
  }),
  reference: integerOption<number | null>("number", {
    meaning: "functions of the random sample that all are set against, 0: none " +
      "(default: the whole trace on the simulator, none elsewhere)",
    default: null,
    minimum: 0,
    maximum: 1_000_000,
  }),
  repetitions: integerOption("number", {
    meaning: "choices of each work, each by a seed of its own",
    default: 6,
    minimum: 1,
    maximum: 1000,
  }),
  ...traceOptions,
  ...COMMON_OPTIONS,
  platform: withDefault(COMMON_OPTIONS.platform, VIRTUAL),
  // Room for the whole trace: what differs is then what was chosen.
  nodes: withDefault(COMMON_OPTIONS.nodes, 20),
  maxScale: withDefault(COMMON_OPTIONS.maxScale, 200),
};

export const priorWorks: Experiment<typeof options> = {
  name: "prior-works",
  question: "What would earlier works have concluded, with the functions that they chose?",
  options,
  examples: [
    "",
    "--repetitions 10",
    "--works stratified,hermes --reference 100 --platform local",
  ],
  answer: { kind: "works", parameter: "work", reference: REFERENCE },

  async plan(given) {
    const isSimulated = traitsOf(given.platform).isVirtual;
    const all = { ...given, sampling: "auto" as const };
    const options = isSimulated ? withOpenDuration(all, SIMULATED_MS) : all;
    const trace = await readTraceOfOptions(options);
    const window = windowOfOptions(trace, options);
    const most = await countFunctionsOfOptions(options);
    const reference = options.reference ?? (isSimulated ? most : 0);
    const choices: readonly (readonly [string, SampleMethod, number])[] = [
      ...reference === 0 ? [] : [[REFERENCE, "random", reference] as const],
      ...options.works.map((work) => [work, work, sizeOf(work, options.functions)] as const),
    ];
    const runs: PlannedRun[] = [];
    // The works by turns, so that what drifts hits all alike.
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const [work, method, asked] of choices) {
        const functions = Math.min(asked, most);
        const seed = options.seed + repetition;
        const run = planTraceRun(sampleTrace(trace, functions, { seed, window, method }), options, {
          name: `${work}_repetition-${repetition}`,
          parameters: { work, functions, repetition },
          repetition,
        });
        const note = `${work} has ${functions} functions instead of ${asked}, as no more of the ` +
          "trace are invoked in the window.";
        runs.push(functions === asked ? run : { ...run, notes: [...run.notes ?? [], note] });
      }
    }
    // What overloads one work says nothing of the next.
    return { runs, overloadTolerance: Infinity };
  },
};

function sizeOf(work: SampleMethod, ours: number): number {
  return work === "stratified" || work === "random" ? ours : PRIOR_WORKS[work].size;
}

if (import.meta.main) await runAsScript(priorWorks);
