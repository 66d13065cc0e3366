/**
 * Up to which rate does the platform keep up?
 *
 * One rate per slot, dealt to equal functions in turn, on one deployment.
 * From slot to slot the rate doubles until the platform no longer keeps it, and
 * then goes to the middle between the highest rate kept and the lowest lost,
 * until the knee is known to a tenth. A rate that is not kept is tried once more,
 * on functions deployed anew, so that what is left of its queue is in nobody's way.
 * With `--end` it climbs by `--step` instead, until the last rate or until the
 * platform is overloaded. The first fifth of each slot is warm-up and not measured.
 *
 *     deno task exp:rps-ramp
 *     deno task exp:rps-ramp --start 10 --step 20 --end 90
 */
import {
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateRateStep,
  integerOption,
  LoaderError,
  nameRepetition,
  numberOption,
  PATTERN_OPTIONS,
  type PlannedRun,
  rateOfStep,
  REPETITION_OPTIONS,
  runAsScript,
  searchInTurn,
  wholeInvocations,
} from "../mod.ts";

/** Share of a slot at its start that is not measured. */
const WARMUP_SHARE = 0.2;

/** Invocations in a slot of the lowest rate that is looked at. */
const LEAST_IN_SLOT = 10;

/** No rate is higher, so that a slip of the keyboard is told. */
const MOST_RATE_PER_S = 1_000_000;

const options = {
  start: numberOption("rate", {
    meaning: "first rate, invocations a second",
    default: { local: 20, cluster: 1 },
    minimum: 0.01,
    maximum: MOST_RATE_PER_S,
  }),
  step: numberOption("rate", {
    meaning: "with --end: what each slot adds",
    default: { local: 20, cluster: 1 },
    minimum: 0.01,
    maximum: MOST_RATE_PER_S,
  }),
  end: numberOption<number | null>("rate", {
    shapesSchedule: false,
    meaning: "last rate, to which it climbs step by step; none: look for the knee",
    default: null,
    minimum: 0.01,
    maximum: MOST_RATE_PER_S,
  }),
  kneeSlowdown: numberOption("factor", {
    shapesSchedule: false,
    meaning: "a rate is kept while 90 of 100 invocations take at most this times their runtime",
    default: 5,
    minimum: 1,
    maximum: 1_000_000,
  }),
  kneePrecision: numberOption("share", {
    shapesSchedule: false,
    meaning: "the search ends where the lowest rate lost is this part above the highest kept",
    default: 0.1,
    minimum: 0.001,
    maximum: 10,
  }),
  slotMs: durationOption({
    meaning: "how long each rate is kept",
    default: { local: 6000, cluster: 60_000 },
    minimum: 100,
    maximum: 86_400_000,
  }),
  functions: integerOption("number", {
    meaning: "equal functions that share the rate",
    default: 1,
    minimum: 1,
    maximum: 100_000,
  }),
  initialScale: integerOption("number", {
    shapesSchedule: false,
    meaning: "instances of each function before the load",
    default: 1,
    minimum: 0,
    maximum: 1000,
  }),
  ...REPETITION_OPTIONS,
  ...PATTERN_OPTIONS,
  ...COMMON_OPTIONS,
  // A ramp shows what a node carries, not what was set aside for it.
  requests: { ...COMMON_OPTIONS.requests, defaults: { local: "table", cluster: "none" } },
} as const;

export const rpsRamp: Experiment<typeof options> = {
  name: "rps-ramp",
  question: "Up to which rate does the platform keep up?",
  options,
  examples: [
    "",
    "--start 10 --step 20 --end 90",
    "--platform simulator --functions 4 --max-scale 8 --repetitions 6",
  ],
  answer: {
    kind: "sweep",
    parameter: "ratePerS",
    against: "rate",
    axis: "rate (invocations per second)",
    unit: "per second",
    figures: ["slowdown", "response_time"],
    knee: { slowdownOption: "kneeSlowdown" },
  },

  loadSize: {
    unit: "invocations a second",
    asked: ({ start, end }) => Math.max(1, Math.round(end ?? start)),
    most: () => MOST_RATE_PER_S,
    // The ramp's last two rates: the platform comes to the last one as it does in the ramp.
    withSize: (options, end) => {
      const start = Math.max(Math.min(options.start, end), end - options.step);
      return { ...options, start, step: end > start ? end - start : options.step, end };
    },
  },

  plan(options) {
    const { start, step, end } = options;
    if (end !== null && end < start) {
      throw new LoaderError("usage", `--end: ${end} is below the start, ${start}.`, { value: end });
    }
    if (end === null) {
      const runs = searchInTurn(options.repetitions, (repetition) => ({
        startPerS: start,
        // Of fewer nobody can judge, unless that is how it is to start.
        leastPerS: Math.min(start, LEAST_IN_SLOT * 1000 / options.slotMs),
        mostPerS: MOST_RATE_PER_S,
        precision: options.kneePrecision,
        mostSlowdown: options.kneeSlowdown,
        run: ({ ratePerS, attempt, lostBefore }) => ({
          ...planRate(ratePerS, 0, repetition),
          name: nameRepetition(
            attempt === 1 ? `rate-${ratePerS}` : `rate-${ratePerS}_attempt-${attempt}`,
            repetition,
          ),
          deployment: nameRepetition(`ramp-${lostBefore}`, repetition),
        }),
      }));
      return Promise.resolve({ runs, isAdaptive: true, overloadTolerance: Infinity });
    }
    return Promise.resolve({ runs: climb(end), overloadTolerance: 2 });

    function planRate(ratePerS: number, askedBefore: number, repetition: number): PlannedRun {
      const { slotMs, functions, runtimeMs, memoryMib, iat, seed, initialScale } = options;
      const schedule = generateRateStep({
        seed: seed + repetition,
        ratePerS,
        durationMs: slotMs,
        askedBefore,
        warmupShare: WARMUP_SHARE,
        functions,
        runtimeMs,
        memoryMib,
        iatDistribution: iat,
      });
      return {
        name: nameRepetition(`rate-${ratePerS}`, repetition),
        parameters: { ratePerS, repetition },
        trace: null,
        schedule,
        initialScales: schedule.functions.map(() => initialScale),
        deployment: "ramp",
      };
    }

    function* climb(end: number): Iterable<PlannedRun> {
      // What start, start + step, … ask for in k slots.
      const askedIn = (k: number) => (k * start + step * k * (k - 1) / 2) * options.slotMs / 1000;
      const empty: number[] = [];
      for (let k = 0;; k++) {
        const ratePerS = rateOfStep(start, step, k);
        if (ratePerS > end) return;
        // The first must have one; after it, what is left of a slot is due in a later one.
        if (k > 0 && wholeInvocations(askedIn(k + 1)) === wholeInvocations(askedIn(k))) {
          empty.push(ratePerS);
          continue;
        }
        const notes = empty.length === 0 ? [] : [
          `The rates below ${ratePerS} with no whole invocation in a slot have no run: ` +
          `${empty.join(", ")}; a longer --slot would have one.`,
        ];
        for (let repetition = 0; repetition < options.repetitions; repetition++) {
          yield { ...planRate(ratePerS, askedIn(k), repetition), notes };
        }
        empty.length = 0;
      }
    }
  },
};

if (import.meta.main) await runAsScript(rpsRamp);
