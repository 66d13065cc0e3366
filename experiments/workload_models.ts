/**
 * How is load spread over functions, in the trace and in what works took for it?
 *
 * The invocations of each function, alone and times runtime: of the whole trace, of our
 * sample and of the choice of each earlier work. Nothing is run.
 *
 *     deno task exp:workload-models --trace traces/azure --functions 200
 */
import {
  choiceListOption,
  countInvocations,
  type Derivation,
  DERIVATION_OPTIONS,
  type DerivedPoint,
  integerOption,
  PRIOR_WORKS,
  readTraceAndWindow,
  runAsScript,
  SAMPLE_METHODS,
  sampleTrace,
  selectInvoked,
} from "../mod.ts";

const options = {
  works: choiceListOption(SAMPLE_METHODS, {
    meaning: "whose choices are shown beside the trace",
    default: ["stratified", "faascache", "medes", "hermes", "atoll", "mu"],
  }),
  functions: integerOption("number", {
    meaning: "functions of our sample and of one by chance; a work has its own number",
    default: 50,
    minimum: 1,
    maximum: 1_000_000,
  }),
  ...DERIVATION_OPTIONS,
};

const caption = "A curve rises to the share of functions that have at most so much. What is 0 is " +
  "drawn at the left end.";

export const workloadModels: Derivation<typeof options> = {
  name: "workload-models",
  question: "How is load spread over functions, in the trace and in what works took for it?",
  options,
  answer: {
    kind: "derived",
    figures: [
      {
        name: "invocations_of_functions",
        title: "Invocations of functions",
        caption,
        x: "invocations of a function",
        y: "share of the functions (%)",
        isShare: true,
      },
      {
        name: "load_of_functions",
        title: "Invocations × runtime of functions",
        caption,
        x: "invocations × mean runtime of a function (ms)",
        y: "share of the functions (%)",
        isShare: true,
      },
    ],
  },

  describe: ({ works }) => `The trace beside ${works.join(", ")}; nothing is run.`,

  async derive(options) {
    const { trace, window } = await readTraceAndWindow(options);
    const all = selectInvoked(trace, window).functions;
    const notes = [...trace.notes ?? [], ...trace.assumptions ?? []];
    const chosen = options.works.map((method) => {
      const asked = method === "stratified" || method === "random"
        ? options.functions
        : PRIOR_WORKS[method].size;
      const size = Math.min(asked, all.length);
      if (size < asked) notes.push(`${method} has ${size} functions instead of ${asked}.`);
      const { functions } = sampleTrace(trace, size, { seed: options.seed, window, method });
      return { series: method as string, functions };
    });
    const points: DerivedPoint[] = [];
    for (const { series, functions } of [{ series: "trace", functions: all }, ...chosen]) {
      const counts = functions.map((profile) => countInvocations(profile, window, trace.slotMs));
      const loads = functions.map(({ runtimeMs }, i) => counts[i] * runtimeMs.mean);
      points.push(...distribute("invocations_of_functions", series, counts));
      points.push(...distribute("load_of_functions", series, loads));
    }
    return { points, notes };
  },
};

/** A curve of the values: two points for each, where it rises. */
function distribute(figure: string, series: string, values: readonly number[]): DerivedPoint[] {
  return values.toSorted((a, b) => a - b).flatMap((x, i) => [
    { figure, series, x, y: 100 * i / values.length },
    { figure, series, x, y: 100 * (i + 1) / values.length },
  ]);
}

if (import.meta.main) await runAsScript(workloadModels);
