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
  type Derivation,
  deriveSampleSweep,
  describeSampleSweep,
  runAsScript,
  SAMPLE_SWEEP_OPTIONS,
} from "../mod.ts";

const FIGURES = ["invocations", "runtime", "memory"];

export const convergence: Derivation<typeof SAMPLE_SWEEP_OPTIONS> = {
  name: "convergence",
  question: "How near are samples to the trace, by their size?",
  options: SAMPLE_SWEEP_OPTIONS,
  examples: [
    "",
    "--sizes 10,50,100 --samples 20",
    "--trace traces/azure --sizes 10,50,100,500,1000 --samples 100",
  ],
  answer: {
    kind: "derived",
    figures: FIGURES.map((name) => ({
      name: `distance_of_${name}`,
      title: `Distance of ${name} to the trace`,
      words: `The distance of ${name} to the trace`,
      caption: "First Wasserstein distance of the logarithms to base 10: 0.3 is a factor of 2 on " +
        "average. Lines are medians over the samples, bands hold 95 % of them.",
      x: "functions of the sample",
      y: "distance (decades)",
    })),
  },

  describe: describeSampleSweep,

  derive: (options, signal) =>
    deriveSampleSweep(
      options,
      signal,
      Object.fromEntries(
        FIGURES.map((name, i) => [
          `distance_of_${name}`,
          ({ figures }) => figures[i].distance,
        ]),
      ),
    ),
};

if (import.meta.main) await runAsScript(convergence);
