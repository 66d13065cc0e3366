/**
 * What do policies pay in idle memory for the cold starts that they avoid?
 *
 * One schedule, once for each policy, on the simulator: how many invocations are
 * cold, and for how long memory is held without serving. Then, for those whose
 * answer depends on it, once for each size of the node's memory.
 *
 *     deno task exp:keep-alive --policies fixed-10min,hybrid-histogram,oracle
 */
import {
  choiceListOption,
  choiceOption,
  COMMON_OPTIONS,
  type Experiment,
  integerListOption,
  integerOption,
  nameRepetition,
  numberOption,
  type PlannedRun,
  planTraceRun,
  PLATFORM_NAMES,
  type PlatformName,
  POLICY_NAMES,
  readTraceOfOptions,
  REPETITION_OPTIONS,
  runAsScript,
  sampleTrace,
  samplingOfOptions,
  selectSeldom,
  TRACE_OPTIONS,
  windowOfOptions,
  withDefault,
  withOpenDuration,
} from "../mod.ts";

const HOUR_MS = 3_600_000;

// Which policy decides is what the runs differ in.
const { policy: _, ...commonOptions } = COMMON_OPTIONS;

/** Those whose policy can be chosen. */
const PLATFORMS = PLATFORM_NAMES.filter((name) =>
  COMMON_OPTIONS.policy.platforms?.includes(name) ?? true
);

const options = {
  policies: choiceListOption(POLICY_NAMES, {
    shapesSchedule: false,
    meaning: "what decides when instances come and go, one run each",
    default: POLICY_NAMES,
  }),
  memorySweepMib: integerListOption<readonly number[] | null>("MiB,MiB,…", {
    unit: "Mib",
    shapesSchedule: false,
    meaning: "memory of a node, one run for each size and policy of the sweep (default: no sweep)",
    default: null,
    minimum: 1,
    maximum: 1_000_000_000,
  }),
  sweepPolicies: choiceListOption(POLICY_NAMES, {
    shapesSchedule: false,
    meaning: "policies of that sweep",
    default: ["fixed-10min", "hybrid-histogram", "greedy-dual"],
  }),
  maxRatePerMinute: numberOption("per minute", {
    unit: "PerMinute",
    meaning: "functions invoked more often than this on average over the whole trace, before " +
      "rates and times are scaled, are left out: they are always warm",
    default: 1,
    minimum: 1e-6,
    maximum: 1e9,
  }),
  functions: integerOption<number | null>("number", {
    meaning:
      "so many of the others that are invoked in the replayed time, by chance (default: all)",
    default: null,
    minimum: 1,
    maximum: 1_000_000,
  }),
  ...REPETITION_OPTIONS,
  ...TRACE_OPTIONS,
  durationMs: {
    ...TRACE_OPTIONS.durationMs,
    meaning: "how much of an open --window is measured, and how long a closed one lasts: it is " +
      "compressed or stretched to it (default: 24h; a closed window's own length)",
  },
  ...commonOptions,
  platform: {
    ...choiceOption(PLATFORMS, { meaning: "where the functions run", default: PLATFORMS[0] }),
    parse: parsePlatform,
  },
  scrapeIntervalMs: withDefault(COMMON_OPTIONS.scrapeIntervalMs, 60_000),
  maxScale: withDefault(COMMON_OPTIONS.maxScale, 200),
};

function parsePlatform(text: string): PlatformName {
  const found = PLATFORMS.find((name) => name === text);
  if (found !== undefined) return found;
  const name = JSON.stringify(text);
  throw new Error(
    `${name} has no policies to compare, only the ${
      PLATFORMS.join(" and the ")
    } has; leave it out.`,
  );
}

export const keepAlive: Experiment<typeof options> = {
  name: "keep-alive",
  question: "What do policies pay in idle memory for the cold starts that they avoid?",
  options,
  examples: [
    "",
    "--policies fixed-10min,hybrid-histogram,oracle",
    "--memory-sweep 1000,2000,4000 --duration 6h",
  ],
  answer: {
    kind: "keep_alive",
    policyParameter: "policy",
    memoryParameter: "nodeMemoryMib",
    // As in "Serverless in the Wild".
    reference: "fixed-10min",
    bound: "oracle",
  },

  async plan(given) {
    const options = withOpenDuration(given, 24 * HOUR_MS);
    const seldom = selectSeldom(await readTraceOfOptions(options), options.maxRatePerMinute);
    const trace = options.functions === null ? seldom : sampleTrace(seldom, options.functions, {
      seed: options.seed,
      method: samplingOfOptions(options),
      window: windowOfOptions(seldom, options),
    });
    // From much memory to little, after the runs with all of it.
    const sizes = options.memorySweepMib?.toReversed() ?? [];
    const cells = [
      ...options.policies.map((policy) => ({ policy })),
      ...sizes.flatMap((nodeMemoryMib) =>
        options.sweepPolicies.map((policy) => ({ policy, nodeMemoryMib }))
      ),
    ];
    const runs: PlannedRun[] = [];
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      // One schedule for all: what differs is then what the policies did.
      const run = planTraceRun(trace, options, { name: "", parameters: {}, repetition });
      for (const cell of cells) {
        runs.push({
          ...run,
          // No policy is given what it has not started itself.
          initialScales: trace.functions.map(() => 0),
          name: nameRepetition(nameCell(cell), repetition),
          parameters: { ...cell, repetition },
          options: cell,
        });
      }
    }
    // What overloads one policy says nothing of the next.
    return { runs, overloadTolerance: Infinity };
  },
};

function nameCell(cell: { readonly policy: string; readonly nodeMemoryMib?: number }): string {
  const { policy, nodeMemoryMib } = cell;
  return `policy-${policy}` + (nodeMemoryMib === undefined ? "" : `_memory-${nodeMemoryMib}`);
}

if (import.meta.main) await runAsScript(keepAlive);
