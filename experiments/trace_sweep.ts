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
  describeNesting,
  type Experiment,
  integerListOption,
  integerOption,
  LoaderError,
  planTraceRun,
  readTracesOfOptions,
  runAsScript,
  type Trace,
  TRACE_OPTIONS,
} from "../mod.ts";

const options = {
  sizes: integerListOption("n,n,…", {
    shapesSchedule: false,
    meaning: "numbers of functions, ascending",
    default: { local: [6, 12, 18], cluster: [10, 20, 50, 100, 150] },
    minimum: 1,
    maximum: 1_000_000,
  }),
  repetitions: integerOption("number", {
    shapesSchedule: false,
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
  examples: [
    "",
    "--sizes 10,20,40 --duration 20s",
    "--platform simulator --sizes 10,50,100 --repetitions 6 --max-scale 50 --nodes 4",
  ],
  answer: {
    kind: "sweep",
    parameter: "functions",
    against: "the number of functions",
    axis: "number of functions",
    unit: "functions",
    unitOfOne: "function",
    figures: ["slowdown", "response_time"],
  },

  loadSize: {
    unit: "functions",
    asked: ({ sizes }) => sizes[sizes.length - 1],
    most: countFunctionsOfOptions,
    withSize: (options, size) => ({ ...options, sizes: [size], repetitions: 1 }),
  },

  async plan(options) {
    const runs = [];
    const samples = await readTracesOfOptions(options, options.sizes);
    refuseEqualSizes(samples, options.sizes);
    for (const [i, trace] of samples.entries()) {
      // What the files hold, which may be less than what was asked for.
      const functions = trace.functions.length;
      const nesting = i === 0 ? null : describeNesting(samples[i - 1], trace);
      for (let repetition = 0; repetition < options.repetitions; repetition++) {
        const run = planTraceRun(trace, options, {
          name: `functions-${functions}_repetition-${repetition}`,
          parameters: { functions, repetition },
          repetition,
        });
        runs.push(nesting === null ? run : { ...run, notes: [...run.notes ?? [], nesting] });
      }
    }
    return { runs, overloadTolerance: 1 };
  },
};

/** Two samples of one number of functions would be one point of the answer, and one folder. */
function refuseEqualSizes(samples: readonly Trace[], sizes: readonly number[]): void {
  for (const [i, { name, functions }] of samples.entries()) {
    const other = samples.findIndex((sample) => sample.functions.length === functions.length);
    if (other === i) continue;
    throw new LoaderError(
      "usage",
      `--sizes: the samples of ${sizes[other]} and ${sizes[i]} functions both have ` +
        `${functions.length}, as functions of the trace ${name} have no durations or memory; ` +
        "complete its files or leave one size out.",
      { value: sizes[i] },
    );
  }
}

if (import.meta.main) await runAsScript(traceSweep);
