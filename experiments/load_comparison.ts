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
  type Derivation,
  deriveSampleSweep,
  describeSampleSweep,
  runAsScript,
  SAMPLE_SWEEP_OPTIONS,
} from "../mod.ts";

const LOADS = [
  { name: "load_invocations", words: "Invocations" },
  { name: "load_runtime", words: "Invocations × runtime" },
  { name: "load_memory", words: "Invocations × memory" },
];

export const loadComparison: Derivation<typeof SAMPLE_SWEEP_OPTIONS> = {
  name: "load-comparison",
  question: "How much load is in a sample, by its size?",
  options: SAMPLE_SWEEP_OPTIONS,
  examples: [
    "",
    "--methods stratified,random,faascache",
    "--trace traces/azure --sizes 10,50,100,500,1000",
  ],
  answer: {
    kind: "derived",
    figures: LOADS.map(({ name, words }) => ({
      name,
      words: `The load in ${words.toLowerCase()}, over the trace's,`,
      title: `${words} of a sample, by its size`,
      caption: "Load a function, divided by the trace's: 1 is right. Lines are medians over the " +
        "samples, bands hold 95 % of them.",
      x: "functions of the sample",
      y: "load a function ÷ the trace's",
    })),
  },

  describe: describeSampleSweep,

  derive: (options, signal) =>
    deriveSampleSweep(
      options,
      signal,
      Object.fromEntries(LOADS.map(({ name }, i) => [name, ({ loads }) => 1 + loads[i].error])),
    ),
};

if (import.meta.main) await runAsScript(loadComparison);
