/**
 * Up to which rate does the platform keep up?
 *
 * One rate per slot, dealt to equal functions in turn; from slot to slot the
 * rate climbs, on the same deployment, until the last rate or until the platform
 * is overloaded. An overloaded rate is tried once more before the ramp ends. The
 * first fifth of each slot is warm-up and not measured.
 *
 *     deno task exp:rps-ramp --start 10 --step 20 --end 90
 */
import {
  COMMON_OPTIONS,
  durationOption,
  type Experiment,
  generateRateStep,
  integerOption,
  LoaderError,
  numberOption,
  PATTERN_OPTIONS,
  type PlannedRun,
  rateOfStep,
  runAsScript,
  wholeInvocations,
} from "../mod.ts";

/** Share of a slot at its start that is not measured. */
const WARMUP_SHARE = 0.2;

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
    meaning: "what each slot adds",
    default: { local: 20, cluster: 1 },
    minimum: 0.01,
    maximum: MOST_RATE_PER_S,
  }),
  end: numberOption<number | null>("rate", {
    shapesSchedule: false,
    meaning: "last rate; without one it climbs until overload",
    default: { local: 120, cluster: null },
    minimum: 0.01,
    maximum: MOST_RATE_PER_S,
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
  ...PATTERN_OPTIONS,
  ...COMMON_OPTIONS,
  // A ramp shows what a node carries, not what was set aside for it.
  requests: { ...COMMON_OPTIONS.requests, defaults: { local: "table", cluster: "none" } },
} as const;

export const rpsRamp: Experiment<typeof options> = {
  name: "rps-ramp",
  question: "Up to which rate does the platform keep up?",
  options,
  answer: {
    kind: "sweep",
    parameter: "ratePerS",
    against: "rate",
    axis: "rate (invocations per second)",
    unit: "per second",
    figures: ["slowdown", "response_time"],
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
    return Promise.resolve({ runs: climb(options), overloadTolerance: 2 });

    function* climb(
      { slotMs, functions, runtimeMs, memoryMib, iat, seed }: typeof options,
    ): Iterable<
      PlannedRun
    > {
      // What start, start + step, … ask for in k slots.
      const askedIn = (k: number) => (k * start + step * k * (k - 1) / 2) * slotMs / 1000;
      const empty: number[] = [];
      for (let k = 0;; k++) {
        const ratePerS = rateOfStep(start, step, k);
        if (end !== null && ratePerS > end) return;
        // The first must have one; after it, what is left of a slot is due in a later one.
        if (k > 0 && wholeInvocations(askedIn(k + 1)) === wholeInvocations(askedIn(k))) {
          empty.push(ratePerS);
          continue;
        }
        const schedule = generateRateStep({
          seed,
          ratePerS,
          durationMs: slotMs,
          askedBefore: askedIn(k),
          warmupShare: WARMUP_SHARE,
          functions,
          runtimeMs,
          memoryMib,
          iatDistribution: iat,
        });
        yield {
          name: `rate-${ratePerS}`,
          parameters: { ratePerS },
          trace: null,
          schedule,
          initialScales: schedule.functions.map(() => options.initialScale),
          deployment: "ramp",
          notes: empty.length === 0 ? [] : [
            `The rates below ${ratePerS} with no whole invocation in a slot have no run: ` +
            `${empty.join(", ")}; a longer --slot would have one.`,
          ],
        };
        empty.length = 0;
      }
    }
  },
};

if (import.meta.main) await runAsScript(rpsRamp);
