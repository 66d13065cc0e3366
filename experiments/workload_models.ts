/**
 * How is load spread over functions, in the trace and in what works took for it?
 *
 * The invocations of each function, alone and times runtime: of the whole trace, of our
 * sample and of the choice of each earlier work, several times. Nothing is run.
 *
 *     deno task exp:workload-models --trace traces/azure --functions 200
 */
import {
  choiceListOption,
  countInvocations,
  type Derivation,
  DERIVATION_OPTIONS,
  type DerivedPoint,
  type FunctionProfile,
  integerOption,
  LoopPauses,
  PRIOR_WORKS,
  readTraceAndWindow,
  runAsScript,
  SAMPLE_METHODS,
  sampleTrace,
  selectInvoked,
  summarizeSeeds,
} from "../mod.ts";

const FIGURES = ["invocations_of_functions", "load_of_functions"] as const;

type Figure = typeof FIGURES[number];

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
  samples: integerOption("number", {
    meaning: "choices of each work, each with a seed of its own",
    default: 10,
    minimum: 1,
    maximum: 1000,
  }),
  ...DERIVATION_OPTIONS,
};

const caption =
  "A curve rises to the share of functions that have at most so much: the median of " +
  "the choices of a work, with a band that holds 95 % of them. What is 0 is drawn at the left end.";

export const workloadModels: Derivation<typeof options> = {
  name: "workload-models",
  question: "How is load spread over functions, in the trace and in what works took for it?",
  options,
  examples: [
    "",
    "--functions 100 --samples 50",
    "--trace traces/azure --works stratified,random",
  ],
  answer: {
    kind: "derived",
    figures: [
      {
        name: "invocations_of_functions",
        title: "Invocations of functions",
        words: "invocations",
        caption,
        x: "invocations of a function",
        y: "share of the functions (%)",
        isShare: true,
      },
      {
        name: "load_of_functions",
        title: "Invocations × runtime of functions",
        words: "invocations × runtime (ms)",
        caption,
        x: "invocations × mean runtime of a function (ms)",
        y: "share of the functions (%)",
        isShare: true,
      },
    ],
  },

  describe: ({ works, samples }) =>
    `The trace beside ${samples} choices each of ${works.join(", ")}; nothing is run.`,

  async derive(options, signal) {
    const { trace, window } = await readTraceAndWindow(options);
    const all = selectInvoked(trace, window).functions;
    const notes = [...trace.notes ?? [], ...trace.assumptions ?? []];
    const loadsOf = (functions: readonly FunctionProfile[]): Record<Figure, number[]> => {
      const counts = functions.map((profile) => countInvocations(profile, window, trace.slotMs));
      return {
        invocations_of_functions: counts,
        load_of_functions: functions.map(({ runtimeMs }, i) => counts[i] * runtimeMs.mean),
      };
    };
    const whole = loadsOf(all);
    const points = FIGURES.flatMap((figure) => distribute(figure, "trace", [whole[figure]]));
    const pauses = new LoopPauses(signal);
    for (const method of options.works) {
      const asked = method === "stratified" || method === "random"
        ? options.functions
        : PRIOR_WORKS[method].size;
      const size = Math.min(asked, all.length);
      if (size < asked) notes.push(`${method} has ${size} functions instead of ${asked}.`);
      const choices: Record<Figure, number[]>[] = [];
      for (let sample = 0; sample < options.samples; sample++) {
        if (pauses.isDue) await pauses.take();
        const seed = options.seed + sample;
        choices.push(loadsOf(sampleTrace(trace, size, { seed, window, method }).functions));
      }
      for (const figure of FIGURES) {
        points.push(...distribute(figure, method, choices.map((choice) => choice[figure])));
      }
    }
    return { points, notes };
  },
};

/** Where the curve of choices has points; that of one has them where it rises. */
const LEVELS = 200;

/** The curve of several choices: at each place the median of their shares, and what holds 95 %. */
function distribute(
  figure: Figure,
  series: string,
  choices: readonly (readonly number[])[],
): DerivedPoint[] {
  const sorted = choices.map((values) => Float64Array.from(values).sort());
  const places = Float64Array.from(choices.flat()).sort();
  const step = Math.max(1, Math.floor(places.length / LEVELS));
  const at = [...new Set(places.filter((_, i) => i % step === 0 || i === places.length - 1))];
  return at.map((x) => {
    const shares = sorted.map((values) => 100 * shareUpTo(values, x));
    return { figure, series, x, ...summarizeSeeds(shares) };
  });
}

/** Share of ascending values that are at most so large. */
function shareUpTo(sorted: Float64Array, most: number): number {
  const above = sorted.findIndex((value) => value > most);
  return above < 0 ? 1 : above / sorted.length;
}

if (import.meta.main) await runAsScript(workloadModels);
