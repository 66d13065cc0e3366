/**
 * What does a burst of one function do to its neighbours?
 *
 * Three functions: `steady` and `bursty` share a rate that climbs slot by slot
 * to the target and stays there; in the middle of the stay `bursty` is invoked
 * many times within one second, and `victim`, which has no instance, once in the
 * middle of that. The climb is warm-up and not measured.
 *
 *     deno task exp:burst --rps 20 --burst 100
 */
import {
  BURST_FUNCTIONS,
  BURST_MS,
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateBurst,
  integerOption,
  LoaderError,
  mostBurst,
  numberOption,
  PATTERN_OPTIONS,
  planRepetitions,
  REPETITION_OPTIONS,
  runAsScript,
} from "../mod.ts";

/** The microseconds of its second: no two invocations of a function are due in one. */
const MOST_BURST = 1_000_000;

const options = {
  rps: numberOption("rate", {
    meaning: "target rate of steady and bursty together, invocations a second",
    default: { local: 20, cluster: 10 },
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  start: numberOption<number | null>("rate", {
    meaning: "rate of the first slot; none: a quarter of the target",
    default: { local: null, cluster: 1 },
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  step: numberOption<number | null>("rate", {
    meaning: "what each slot adds; none: a quarter of the target",
    default: { local: null, cluster: 1 },
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  slotMs: durationOption({
    meaning: "how long each rate of the climb is kept",
    default: { local: 3000, cluster: 60_000 },
    minimum: 100,
    maximum: 60_000,
  }),
  durationMs: durationOption({
    meaning: "how long the target rate stays",
    default: { local: 20_000, cluster: 180_000 },
    minimum: BURST_MS,
    maximum: 86_400_000,
  }),
  burst: integerOption("number", {
    meaning: "invocations of bursty within one second",
    default: { local: 60, cluster: 10 },
    minimum: 1,
    maximum: MOST_BURST,
  }),
  ...REPETITION_OPTIONS,
  ...PATTERN_OPTIONS,
  ...COMMON_OPTIONS,
};

/** The first rate and the steps are this part of the target where they are not given. */
const CLIMB_SLOTS = 4;

/** Instances before the load. */
const INITIAL_SCALES: Readonly<Record<string, number>> = {
  [BURST_FUNCTIONS.steady]: 1,
  [BURST_FUNCTIONS.bursty]: 1,
  [BURST_FUNCTIONS.victim]: 0,
};

export const burst: Experiment<typeof options> = {
  name: "burst",
  question: "What does a burst of one function do to its neighbours?",
  options,
  examples: [
    "",
    "--rps 20 --burst 100",
    "--platform simulator --repetitions 5 --burst 200 --max-scale 20",
  ],
  answer: {
    kind: "burst",
    functions: BURST_FUNCTIONS,
    beginParameter: "burstAtMs",
    lengthParameter: "burstMs",
  },

  loadSize: {
    unit: "invocations in the burst",
    asked: ({ burst }) => burst,
    most: ({ rps }) => mostBurst(rps),
    withSize: (options, burst) => ({ ...options, burst }),
  },

  plan(options) {
    const { rps } = options;
    const start = options.start ?? rps / CLIMB_SLOTS;
    if (start > rps) {
      throw new LoaderError("usage", `--start: ${start} is above the target rate, ${rps}.`, {
        value: start,
      });
    }
    const runs = planRepetitions("burst", options, (seed) => {
      const { schedule, burstAtMs } = generateBurst({
        seed,
        startRatePerS: start,
        stepRatePerS: options.step ?? rps / CLIMB_SLOTS,
        targetRatePerS: rps,
        stepMs: options.slotMs,
        durationMs: options.durationMs,
        burst: options.burst,
        runtimeMs: options.runtimeMs,
        memoryMib: options.memoryMib,
        iatDistribution: options.iat,
      });
      return {
        parameters: { ratePerS: rps, burst: options.burst, burstAtMs, burstMs: BURST_MS },
        trace: null,
        schedule,
        initialScales: schedule.functions.map(({ id }) => INITIAL_SCALES[id]),
      };
    });
    return Promise.resolve({ runs, overloadTolerance: 1 });
  },
};

if (import.meta.main) await runAsScript(burst);
