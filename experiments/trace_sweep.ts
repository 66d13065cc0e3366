/**
 * How does slowdown grow with the number of functions?
 *
 * Samples of a production trace, from small to large, each replayed in a run of
 * its own on a fresh deployment, until the largest or until the platform is
 * overloaded. The samples are nested, so that a larger one adds functions and
 * changes none; a repetition keeps the functions and draws arrivals, runtimes
 * and memory anew.
 *
 *     deno task exp:trace-sweep --sizes 10,20,40 --duration 20s
 */
import {
  COMMON_OPTIONS,
  countFunctionsOfOptions,
  type Experiment,
  integerListOption,
  integerOption,
  planTraceRun,
  readTraceOfOptions,
  runAsScript,
  TRACE_OPTIONS,
} from "../mod.ts";

const options = {
  sizes: integerListOption("n,n,…", {
    meaning: "numbers of functions, ascending",
    default: { local: [6, 12, 18], cluster: [10, 20, 50, 100, 200] },
    minimum: 1,
    maximum: 1_000_000,
  }),
  repetitions: integerOption("number", {
    meaning: "runs of each size",
    default: 1,
    minimum: 1,
    maximum: 1000,
  }),
  ...TRACE_OPTIONS,
  ...COMMON_OPTIONS,
};

export const traceSweep: Experiment<typeof options> = {
  name: "trace-sweep",
  question: "How does slowdown grow with the number of functions?",
  options,

  loadSize: {
    unit: "functions",
    asked: ({ sizes }) => sizes[sizes.length - 1],
    most: countFunctionsOfOptions,
    withSize: (options, size) => ({ ...options, sizes: [size], repetitions: 1 }),
  },

  async plan(options) {
    const runs = [];
    for (const size of options.sizes) {
      const trace = await readTraceOfOptions(options, size);
      for (let repetition = 0; repetition < options.repetitions; repetition++) {
        runs.push(planTraceRun(trace, options, {
          name: `functions-${size}_repetition-${repetition}`,
          parameters: { functions: size, repetition },
          repetition,
        }));
      }
    }
    return { runs, overloadTolerance: 1 };
  },
};

if (import.meta.main) await runAsScript(traceSweep);
