/**
 * What does a cold start cost, and who waits for it?
 *
 * One hot function under a steady rate, and cold functions, each invoked when it
 * has been idle for longest: so many invocations of each slot, spread evenly, find
 * no instance. What they wait beyond their runtime is set against the warm ones,
 * and where the platform tells, each start is taken apart.
 *
 *     deno task exp:cold-start --cold-per-slot 1,2,4,8
 */
import {
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateColdStarts,
  HOT_FUNCTION,
  integerListOption,
  integerOption,
  numberOption,
  PATTERN_OPTIONS,
  planRepetitions,
  REPETITION_OPTIONS,
  runAsScript,
} from "../mod.ts";

const options = {
  start: numberOption("rate", {
    meaning: "rate of the first slot, invocations a second",
    default: { local: 20, cluster: 5 },
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  step: numberOption("rate", {
    meaning: "what each slot adds",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
  }),
  slots: integerOption("number", {
    meaning: "how many slots",
    default: 6,
    minimum: 1,
    maximum: 100_000,
  }),
  slotMs: durationOption({
    meaning: "how long a slot is",
    default: { local: 6000, cluster: 60_000 },
    minimum: 100,
    maximum: 86_400_000,
  }),
  coldPerSlot: integerListOption("n,n,…", {
    meaning: "invocations of cold functions in each slot, from the first again when the list ends",
    default: [4],
    minimum: 0,
    maximum: 1_000_000,
  }),
  coldFunctions: integerOption("number", {
    meaning: "cold functions, invoked in turn",
    default: { local: 24, cluster: 199 },
    minimum: 1,
    maximum: 100_000,
  }),
  ...REPETITION_OPTIONS,
  ...PATTERN_OPTIONS,
  ...COMMON_OPTIONS,
} as const;

export const coldStart: Experiment<typeof options> = {
  name: "cold-start",
  question: "What does a cold start cost, and who waits for it?",
  options,
  examples: [
    "",
    "--cold-per-slot 1,2,4,8",
    '--platform simulator --slots 20 --repetitions 3 --start-delay "log-normal(400ms, 0.5)"',
  ],
  answer: { kind: "distribution", measure: "added_time", split: { by: "cold" } },

  plan(options) {
    const runs = planRepetitions("cold-start", options, (seed) => {
      const { schedule, coldInvocations, shortestIdleMs } = generateColdStarts({
        ...options,
        seed,
        startRatePerS: options.start,
        stepRatePerS: options.step,
        iatDistribution: options.iat,
      });
      const notes = shortestIdleMs === null ? [] : [
        `A cold function is idle for ${(shortestIdleMs / 1000).toFixed(1)} s at least between ` +
        "two invocations; it is warm where instances are kept for longer.",
      ];
      return {
        parameters: { coldInvocations, coldFunctions: options.coldFunctions },
        trace: null,
        schedule,
        initialScales: schedule.functions.map(({ id }) => id === HOT_FUNCTION ? 1 : 0),
        notes,
      };
    });
    return Promise.resolve({ runs, overloadTolerance: 1 });
  },
};

if (import.meta.main) await runAsScript(coldStart);
