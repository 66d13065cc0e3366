/**
 * How near are samples to the trace, by their size?
 *
 * Samples of each size, each by a seed of its own, taken as ours are and by chance,
 * and their Wasserstein distance to the trace in invocations, runtime and memory.
 * Nothing is run.
 *
 *     deno task exp:convergence --trace traces/azure --sizes 10,50,100,500,1000
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

const FIGURES = ["invocations", "runtime", "memory"];

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

export const convergence: Derivation<typeof options> = {
  name: "convergence",
  question: "How near are samples to the trace, by their size?",
  options,
  answer: {
    kind: "derived",
    figures: FIGURES.map((name) => ({
      name: `distance_of_${name}`,
      title: `Distance of ${name} to the trace`,
      caption: "First Wasserstein distance of the logarithms to base 10, in hundredths: 30 is a " +
        "factor of 2 on average. Lines are medians over the samples, bands hold 95 % of them.",
      x: "functions of the sample",
      y: "distance (hundredths of a decade)",
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
        for (const [i, name] of FIGURES.entries()) {
          const distances = certificates.map(({ figures }) => 100 * figures[i].distance);
          points.push({
            figure: `distance_of_${name}`,
            series,
            x: size,
            ...summarizeSeeds(distances),
          });
        }
      }
    }
    return { points, notes: [...trace.notes ?? [], ...trace.assumptions ?? []] };
  },
};

if (import.meta.main) await runAsScript(convergence);
