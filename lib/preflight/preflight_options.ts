import { platformsWith } from "../platform/registry.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../run/common_options.ts";
import type { Experiment } from "../run/experiment.ts";
import {
  integerOption,
  numberOption,
  type OptionTable,
  type OptionValues,
  switchOption,
  textOption,
} from "../option/option.ts";
import { type ParsedOptions, parseOptions } from "../option/parse_options.ts";
import { SIMULATION_OPTIONS } from "../platform/simulator/simulator_options.ts";

/** Platforms that preflight simulates. */
const SIMULATED = platformsWith(({ model }) => model.describe !== null);

/** Those of which runs made earlier tell what a simulation needs. */
const MEASURABLE = platformsWith(({ model }) => model.describe !== null && model.takesMeasured);

/**
 * Options of experiments that preflight does not have: what they write, how several
 * loaders share them, and what serves a load that is made.
 */
const MISSING_OPTIONS = [
  "output",
  "saveSchedules",
  "dryRun",
  "compat",
  "twin",
  "shard",
  "startAtUnixMs",
  "startGapMs",
  "gatewayPort",
  "metricsPort",
  "beyondLimits",
] as const satisfies readonly (keyof CommonOptions)[];

/** What the simulation of a platform takes from runs that were made on it. */
export const LIKE_OPTION = textOption<string | null>("folder", {
  meaning: "an experiment's folder; what starts, calls and the network took in its runs is taken " +
    "for the platform that is simulated",
  default: null,
  platforms: MEASURABLE,
});

const OWN_OPTIONS = {
  like: { ...LIKE_OPTION, meaning: `preflight: ${LIKE_OPTION.meaning}` },
  limitSlowdown: numberOption("factor", {
    platforms: SIMULATED,
    meaning: "preflight: largest p99 slowdown of a load that fits",
    // What a cold start of a second makes of the shortest call, 1 ms. What is above it waits for
    // more than one instance's start.
    default: 1000,
    minimum: 1,
    maximum: 1e9,
  }),
  mostInvocations: integerOption("number", {
    platforms: SIMULATED,
    meaning: "preflight: a run of more invocations than this is not simulated",
    // A few seconds.
    default: 2_000_000,
    minimum: 1,
    maximum: 1_000_000_000,
  }),
  search: switchOption({
    platforms: SIMULATED,
    meaning: "preflight: look for the largest load that fits; --no-search leaves it out",
    default: true,
  }),
};

/** What preflight asks for beside the options of an experiment. */
export type PreflightOptions = OptionValues<typeof OWN_OPTIONS>;

/** Values of {@linkcode parsePreflightOptions}. */
export type PreflightValues<O extends OptionTable> =
  & OptionValues<O>
  & CommonOptions
  & PreflightOptions;

/**
 * Parses the options of a preflight of an experiment: its own, without those that
 * only make sense when it is made. The parameters of the simulator say here what
 * the platform is like, whichever it is.
 *
 * @throws LoaderError as {@linkcode parseOptions} does
 */
export function parsePreflightOptions<O extends OptionTable>(
  experiment: Experiment<O>,
  args: readonly string[],
): ParsedOptions<OptionTable> & { readonly values: PreflightValues<O> } {
  const missing: readonly string[] = MISSING_OPTIONS;
  const applicable = Object.entries(experiment.options)
    .filter(([name]) => !missing.includes(name))
    .map(([name, option]) =>
      name in SIMULATION_OPTIONS ? [name, { ...option, platforms: SIMULATED }] : [name, option]
    );
  const { name, question } = experiment;
  const table: OptionTable = { ...OWN_OPTIONS, ...Object.fromEntries(applicable) };
  const { values, help } = parseOptions(`preflight ${name}`, question, table, args);
  const defaults = MISSING_OPTIONS.map((name) => [name, COMMON_OPTIONS[name].defaults.local]);
  return { values: { ...Object.fromEntries(defaults), ...values }, help };
}
