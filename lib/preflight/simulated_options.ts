import { LoaderError } from "../base/error.ts";
import { platformsWith } from "../platform/registry.ts";
import { SIMULATOR } from "../platform/simulator/simulator.ts";
import { SIMULATION_OPTIONS } from "../platform/simulator/simulator_options.ts";
import { SERVING_OPTIONS } from "../platform/shared_options.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../run/common_options.ts";
import { createPlatformFromOptions } from "../run/create_platform.ts";
import { readMeasuredPlatform } from "./measured_platform.ts";
import { LIKE_OPTION } from "./preflight_options.ts";
import { preflightTargetOf } from "./preflight_target.ts";

/** Platforms that can be simulated. */
const SIMULATED = platformsWith(({ model }) => model.describe !== null);

/** Which of the parameters the platform itself takes, too: what is simulated follows it. */
const isShared = (name: string) => name in SERVING_OPTIONS;

/**
 * Options of an experiment that simulates its platform before it runs on it: the common ones,
 * where the parameters of the simulator say what the platform is like, whichever it is.
 */
export const SIMULATED_OPTIONS = {
  ...COMMON_OPTIONS,
  ...Object.fromEntries(
    Object.entries(COMMON_OPTIONS)
      .filter(([name]) => name in SIMULATION_OPTIONS && !isShared(name))
      .map(([name, option]) => [name, { ...option, platforms: SIMULATED }]),
  ) as Pick<typeof COMMON_OPTIONS, keyof typeof SIMULATION_OPTIONS>,
  like: LIKE_OPTION,
};

/** More than any backlog of a run that is worth simulating. */
const MOST_IN_FLIGHT = 1_000_000;

/** What makes a run a simulated one. */
export interface SimulatedOptions {
  /** What it has otherwise than the experiment's options say. */
  readonly options: Partial<CommonOptions>;
  /** Where the parameters come from, a phrase. */
  readonly source: string;
}

/**
 * The options of a run on the simulator that stands for the platform of the options: what is
 * known of it, then what was measured of it, then what the flags say.
 *
 * @param like an experiment's folder that it was measured in; `null`: it was not
 * @throws LoaderError `usage` when it cannot be simulated, `input` when the folder is of no use
 */
export async function simulatedOptionsOf(
  options: CommonOptions,
  like: string | null,
): Promise<SimulatedOptions> {
  await using platform = await createPlatformFromOptions(options);
  const measured = like === null ? null : await readMeasuredPlatform(like);
  const target = preflightTargetOf(options.platform, platform.capacity, measured);
  if (target.simulate === null) {
    throw new LoaderError(
      "usage",
      `--platform: ${options.platform} cannot be simulated, as ${target.reason}; choose one of ` +
        `${SIMULATED.join(", ")}.`,
      { value: options.platform },
    );
  }
  const parameters = Object.entries(target.simulate(options)).filter(([name]) =>
    name in COMMON_OPTIONS
  );
  return {
    options: {
      ...Object.fromEntries(parameters),
      // What it says is among them.
      simulation: null,
      // Whoever is not answered waits at the platform: nothing is the generator's fault.
      maxInFlight: MOST_IN_FLIGHT,
      platform: SIMULATOR.name,
    },
    source: target.source,
  };
}
