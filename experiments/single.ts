/**
 * What does the platform say to one invocation?
 *
 * By hand: one call, or a few with a pause between them; the terminal and the
 * report tell what came of each.
 *
 *     deno task exp:single --runtime 500ms --memory 256
 *     deno task exp:single --count 3 --pause 30s --platform endpoints --endpoints 127.0.0.1:50051
 */
import {
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateInstants,
  integerOption,
  PATTERN_OPTIONS,
  planRepetitions,
  REPETITION_OPTIONS,
  runAsScript,
  textOption,
} from "../mod.ts";

/** After the last call begins; how long it is waited for is the drain's. */
const END_MS = 1000;

const options = {
  name: textOption("name", {
    meaning: "name of the function",
    default: "function",
  }),
  count: integerOption("number", {
    meaning: "how many invocations",
    default: 1,
    minimum: 1,
    maximum: 1_000_000,
  }),
  pauseMs: durationOption({
    meaning: "from one invocation to the next",
    default: 1000,
    minimum: 1,
    maximum: 86_400_000,
  }),
  initialScale: integerOption("number", {
    shapesSchedule: false,
    meaning: "instances before the first; 0: it is cold",
    default: 0,
    minimum: 0,
    maximum: 1000,
  }),
  repetitions: {
    ...REPETITION_OPTIONS.repetitions,
    meaning: "how often, each time on a function deployed anew",
  },
  ...PATTERN_OPTIONS,
  ...COMMON_OPTIONS,
  drainMs: { ...COMMON_OPTIONS.drainMs, defaults: { local: 120_000, cluster: 900_000 } },
} as const;

export const single: Experiment<typeof options> = {
  name: "single",
  question: "What does the platform say to one invocation?",
  options,
  examples: [
    "",
    "--runtime 500ms --memory 256",
    "--count 3 --pause 30s --platform endpoints --endpoints 127.0.0.1:50051",
  ],
  answer: { kind: "invocations" },

  plan({ name, count, pauseMs, runtimeMs, memoryMib, initialScale, seed, repetitions }) {
    const runs = planRepetitions("single", { seed, repetitions }, () => ({
      parameters: { count },
      trace: null,
      schedule: generateInstants({
        name,
        instantsMs: Array.from({ length: count }, (_, i) => i * pauseMs),
        durationMs: (count - 1) * pauseMs + END_MS,
        runtimeMs,
        memoryMib,
      }),
      initialScales: [initialScale],
    }));
    return Promise.resolve({ runs, overloadTolerance: 1 });
  },
};

if (import.meta.main) await runAsScript(single);
