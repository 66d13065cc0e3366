/**
 * How much load is in a sample, by its size?
 *
 * Samples of each size, each by a seed of its own, taken as ours are and by chance,
 * and their invocations, alone and times runtime and memory, for each function set
 * against the trace's. Nothing is run.
 *
 *     deno task exp:load-comparison --trace traces/azure --sizes 10,50,100,500,1000
 */
import {
  choiceListOption,
  type Derivation,
  DERIVATION_OPTIONS,
  type DerivedPoint,
  integerListOption,
  integerOption,
  readTraceAndWindow,
  runAsScript,
  SAMPLE_METHODS,
  sampleTrace,
  summarizeSeeds,
} from "../mod.ts";

const LOADS = [
  { name: "load_invocations", words: "Invocations" },
  { name: "load_runtime", words: "Invocations × runtime" },
  { name: "load_memory", words: "Invocations × memory" },
];

const options = {
  sizes: integerListOption("n,n,…", {
    meaning: "numbers of functions, ascending",
    default: [10, 20, 40, 80, 150],
    minimum: 1,
    maximum: 1_000_000,
  }),
  methods: choiceListOption(SAMPLE_METHODS, {
    meaning: "how they are taken",
    default: ["stratified", "random"],
  }),
  samples: integerOption("number", {
    meaning: "samples of each size and method",
    default: 10,
    minimum: 1,
    maximum: 10_000,
  }),
  ...DERIVATION_OPTIONS,
};

export const loadComparison: Derivation<typeof options> = {
  name: "load-comparison",
  question: "How much load is in a sample, by its size?",
  options,
  answer: {
    kind: "derived",
    figures: LOADS.map(({ name, words }) => ({
      name,
      title: `${words} of a sample, by its size`,
      caption: "Load a function, divided by the trace's: 1 is right. Lines are medians over the " +
        "samples, bands hold 95 % of them.",
      x: "functions of the sample",
      y: "load a function ÷ the trace's",
    })),
  },

  describe: ({ sizes, methods, samples }) =>
    `${samples} samples by ${methods.join(" and ")} of each of ${sizes.join(", ")} functions; ` +
    "nothing is run.",

  async derive(options) {
    const { trace, window } = await readTraceAndWindow(options);
    const points: DerivedPoint[] = [];
    for (const series of options.methods) {
      for (const size of options.sizes) {
        const certificates = Array.from(
          { length: options.samples },
          (_, i) =>
            sampleTrace(trace, size, { seed: options.seed + i, window, method: series })
              .certificate!,
        );
        for (const [i, { name }] of LOADS.entries()) {
          const ratios = certificates.map(({ loads }) => 1 + loads[i].error);
          points.push({ figure: name, series, x: size, ...summarizeSeeds(ratios) });
        }
      }
    }
    return { points, notes: [...trace.notes ?? [], ...trace.assumptions ?? []] };
  },
};

if (import.meta.main) await runAsScript(loadComparison);
