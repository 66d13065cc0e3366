import { LoaderError } from "../base/error.ts";
import type { Platform } from "../model/platform.ts";
import type { EndpointsOptions } from "./endpoints/endpoints_platform.ts";
import type { KnativeOptions } from "./knative/knative_options.ts";
import type { LocalOptions } from "./local/local_options.ts";
import type { SimulatorOptions } from "./simulator/simulator_options.ts";
import { loadTransport, type TransportChoice } from "./transport_choice.ts";

/** The options of each platform, by its name. */
export interface PlatformOptions {
  readonly local: Omit<LocalOptions, "createTransport"> & TransportChoice;
  readonly endpoints: Omit<EndpointsOptions, "createTransport"> & TransportChoice;
  readonly simulator: SimulatorOptions;
  readonly knative: Omit<KnativeOptions, "createTransport"> & TransportChoice;
}

/** The name of a platform. */
export type PlatformName = keyof PlatformOptions;

/** Loaded when asked for: the code of one platform does not slow the start of another. */
const CREATORS: { [Name in PlatformName]: (options: PlatformOptions[Name]) => Promise<Platform> } =
  {
    local: async ({ transport, connections, expiredCalls, ...options }) => {
      const [{ createLocalPlatform }, createTransport] = await Promise.all([
        import("./local/local_platform.ts"),
        loadTransport({ transport, connections, expiredCalls }, true),
      ]);
      return createLocalPlatform({ ...options, createTransport });
    },
    endpoints: async ({ transport, connections, expiredCalls, ...options }) => {
      const [{ createEndpointsPlatform }, createTransport] = await Promise.all([
        import("./endpoints/endpoints_platform.ts"),
        loadTransport({ transport, connections, expiredCalls }, false),
      ]);
      return createEndpointsPlatform({ ...options, createTransport });
    },
    simulator: async (options) => {
      const { createSimulatorPlatform } = await import("./simulator/simulator_platform.ts");
      return createSimulatorPlatform(options);
    },
    knative: async ({ transport, connections, expiredCalls, ...options }) => {
      const [{ createKnativePlatform }, createTransport] = await Promise.all([
        import("./knative/knative_platform.ts"),
        loadTransport({ transport, connections, expiredCalls }, false),
      ]);
      return await createKnativePlatform({ ...options, createTransport });
    },
  };

/** Every platform there is. */
export const PLATFORM_NAMES = Object.keys(CREATORS) as readonly PlatformName[];

/**
 * Makes a platform by its name. Its options are checked, and nothing is started
 * until it deploys.
 *
 * @throws LoaderError `usage` when there is none of that name, or an option is out of its range
 */
export function createPlatform<Name extends PlatformName>(
  name: Name,
  options: PlatformOptions[Name],
): Promise<Platform> {
  if (!Object.hasOwn(CREATORS, name)) {
    return Promise.reject(
      new LoaderError(
        "usage",
        `There is no platform "${name}"; choose one of: ${PLATFORM_NAMES.join(", ")}.`,
        { value: name },
      ),
    );
  }
  return CREATORS[name](options);
}
