import type { CommonOptions } from "./common_options.ts";
import type { Experiment } from "./experiment.ts";
import {
  integerOption,
  numberOption,
  type OptionTable,
  type OptionValues,
  switchOption,
  textOption,
} from "./option.ts";
import { SIMULATION_OPTIONS } from "./simulation_options.ts";

const OWN_OPTIONS = {
  like: textOption<string | null>("folder", {
    meaning: "preflight: an experiment's folder; what starts, calls and the network took in its " +
      "runs is taken for the platform",
    default: null,
    platforms: ["local", "simulator"],
  }),
  limitSlowdown: numberOption("factor", {
    meaning: "preflight: largest p99 slowdown of a load that fits",
    // What a cold start of a second makes of the shortest call, 1 ms. What is above it waits for
    // more than one instance's start.
    default: 1000,
    minimum: 1,
    maximum: 1e9,
  }),
  mostInvocations: integerOption("number", {
    meaning: "preflight: a run of more invocations than this is not simulated",
    // A few seconds.
    default: 2_000_000,
    minimum: 1,
    maximum: 1_000_000_000,
  }),
  search: switchOption({
    meaning: "preflight: look for the largest load that fits; --no-search leaves it out",
    default: true,
  }),
};

/** What preflight asks for beside the options of an experiment. */
export type PreflightOptions = OptionValues<typeof OWN_OPTIONS>;

/** Values of {@linkcode preflightOptionsOf}. */
export type PreflightValues<O extends OptionTable> =
  & OptionValues<O>
  & CommonOptions
  & PreflightOptions;

/**
 * The options of a preflight of an experiment: its own, those of the simulator,
 * which say here what the platform is like, whichever it is, and a few more.
 */
export function preflightOptionsOf<O extends OptionTable>(
  { options }: Experiment<O>,
): O & typeof OWN_OPTIONS {
  const simulation = Object.fromEntries(
    Object.entries(SIMULATION_OPTIONS).map((
      [name, option],
    ) => [name, { ...option, platforms: null }]),
  );
  return { ...OWN_OPTIONS, ...options, ...simulation };
}
