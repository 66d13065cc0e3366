/**
 * How much of a platform is enough?
 *
 * The smallest number of nodes, least or largest scale, or concurrency of an instance with
 * which a figure of the response stays within its bound, under a steady rate or a trace. It is
 * looked for on the simulator, with the figures of the chosen platform: twice the last value
 * until the bound is kept, then in the middle, each value in several repetitions. What was found
 * is confirmed by one run on the platform itself, with arrivals that the search has not seen.
 *
 *     deno task exp:capacity
 *     deno task exp:capacity --find min-scale --load trace --bound "p99 response time <= 300ms"
 *     deno task exp:capacity --platform simulator --find nodes --node-cores 2 --rps 300 --functions 10
 */
import {
  choiceOption,
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateRateStep,
  integerOption,
  LoaderError,
  numberOption,
  type OptionValues,
  parseBound,
  PATTERN_OPTIONS,
  type PlannedRun,
  planTraceRun,
  readTraceOfOptions,
  runAsScript,
  searchCapacity,
  SIMULATED_OPTIONS,
  simulatedOptionsOf,
  textOption,
  TRACE_OPTIONS,
} from "../mod.ts";

/** What can be looked for: the option that it is, and the smallest that it can be. */
const SOUGHT = {
  "nodes": { option: "nodes", least: 1 },
  "min-scale": { option: "minScale", least: 0 },
  "concurrency": { option: "containerConcurrency", least: 1 },
  "max-scale": { option: "maxScale", least: 1 },
} as const;

type Sought = keyof typeof SOUGHT;

const SOUGHT_NAMES = Object.keys(SOUGHT) as Sought[];

/** Where nothing else bounds the search. */
const MOST = 256;

/** Share of a steady rate at its start that is not measured. */
const WARMUP_SHARE = 0.2;

/** A sample that a laptop carries. */
const SAMPLE_SIZE = 12;

const options = {
  find: choiceOption(SOUGHT_NAMES, {
    shapesSchedule: false,
    meaning: "what the least is looked for of",
    default: "max-scale",
  }),
  bound: {
    ...textOption<string>("bound", {
      shapesSchedule: false,
      meaning: 'a figure and its bound: "p99 slowdown <= 5", "p90 response time <= 200ms", ' +
        '"cold <= 1%"',
      default: "p99 slowdown <= 5",
    }),
    parse: (text: string) => parseBound(text).text,
  },
  most: integerOption<number | null>("number", {
    shapesSchedule: false,
    meaning: `no larger value is tried (default: ${MOST}; of min-scale --max-scale)`,
    default: null,
    minimum: 1,
    maximum: 100_000,
  }),
  repetitions: integerOption("number", {
    shapesSchedule: false,
    meaning: "simulated runs of each value; from 6 on there is an interval",
    default: 6,
    minimum: 1,
    maximum: 1000,
  }),
  load: choiceOption(["rate", "trace"], {
    meaning: "a steady rate that equal functions share, or a sample of a trace",
    default: "rate",
  }),
  rps: numberOption("rate", {
    meaning: "of --load rate: invocations a second",
    default: { local: 40, cluster: 10 },
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  functions: integerOption<number | null>("number", {
    meaning: `functions (default: 1 for a rate, ${SAMPLE_SIZE} of a trace)`,
    default: null,
    minimum: 1,
    maximum: 1_000_000,
  }),
  slotMs: durationOption({
    meaning: "of --load rate: how long it is kept; the first fifth is not measured",
    default: { local: 40_000, cluster: 300_000 },
    minimum: 100,
    maximum: 86_400_000,
  }),
  ...PATTERN_OPTIONS,
  ...TRACE_OPTIONS,
  ...SIMULATED_OPTIONS,
} as const;

type Options = OptionValues<typeof options>;

export const capacity: Experiment<typeof options> = {
  name: "capacity",
  question: "How much of a platform is enough?",
  options,
  examples: [
    "",
    '--find min-scale --load trace --bound "p99 response time <= 300ms"',
    "--platform simulator --find nodes --node-cores 2 --rps 300 --functions 10",
    "--platform simulator --find concurrency --rps 20 --max-scale 1 --cpu-limit 4",
  ],
  answer: {
    kind: "capacity",
    valueParameter: "value",
    stageParameter: "stage",
    soughtOption: "find",
    boundOption: "bound",
  },

  async plan(options) {
    const sought = SOUGHT[options.find];
    refuseUnsettable(options);
    const simulated = await simulatedOptionsOf(options, options.like);
    const createRun = await prepareLoad(options);
    const notes = [`What is simulated in the search: ${simulated.source}.`];
    const runs = searchCapacity({
      sought: options.find,
      bound: parseBound(options.bound),
      platform: options.platform,
      least: Math.max(sought.least, options.find === "max-scale" ? options.minScale : 0),
      most: options.most ?? (options.find === "min-scale" ? options.maxScale : MOST),
      repetitions: options.repetitions,
      search: (value, repetition) => ({
        ...createRun(repetition, {
          name: `${options.find}-${value}_repetition-${repetition}`,
          parameters: { stage: "search", value, repetition },
        }),
        options: { ...simulated.options, [sought.option]: value },
        notes,
      }),
      confirm: (value) => ({
        // Arrivals that no run of the search had.
        ...createRun(options.repetitions, {
          name: `${options.find}-${value}_confirmation`,
          parameters: { stage: "confirmation", value },
        }),
        options: { [sought.option]: value },
      }),
    });
    // What overloads a small platform says nothing of a larger one.
    return { runs, isAdaptive: true, overloadTolerance: Infinity };
  },
};

/** @throws LoaderError `usage` where the platform cannot be given what is looked for */
function refuseUnsettable({ find, platform }: Options): void {
  const { platforms } = COMMON_OPTIONS[SOUGHT[find].option];
  if (platforms === null || platforms.includes(platform)) return;
  throw new LoaderError(
    "usage",
    `--find ${find}: the platform ${platform} cannot be given it for the confirming run, only ` +
      `${platforms.join(", ")} can; choose another platform, or look for something else.`,
    { value: find },
  );
}

/** What distinguishes one run from another. */
type RunNames = Pick<PlannedRun, "name" | "parameters">;

/** Reads what the load is made of, and says how a run of it is made. */
async function prepareLoad(
  options: Options,
): Promise<(repetition: number, names: RunNames) => PlannedRun> {
  if (options.load === "trace") {
    const trace = await readTraceOfOptions(options, options.functions ?? SAMPLE_SIZE);
    return (repetition, names) => planTraceRun(trace, options, { ...names, repetition });
  }
  const { seed, rps, slotMs, functions, runtimeMs, memoryMib, iat } = options;
  return (repetition, names) => {
    const schedule = generateRateStep({
      seed: seed + repetition,
      ratePerS: rps,
      durationMs: slotMs,
      warmupShare: WARMUP_SHARE,
      functions: functions ?? 1,
      runtimeMs,
      memoryMib,
      iatDistribution: iat,
    });
    // Whoever asks for a least scale asks what is to be there before the load.
    const initialScale = options.find === "min-scale" ? 0 : 1;
    const initialScales = schedule.functions.map(() => initialScale);
    return { ...names, trace: null, schedule, initialScales };
  };
}

if (import.meta.main) await runAsScript(capacity);
