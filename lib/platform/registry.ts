import { LoaderError } from "../base/error.ts";
import type { Platform } from "../model/platform.ts";
import type { CreateTransport, LocalOptions } from "./local/local_options.ts";

/** The options of each platform, by its name. */
export interface PlatformOptions {
  /** `createTransport` makes the reference transport unless it is given. */
  readonly local: Omit<LocalOptions, "createTransport"> & {
    readonly createTransport?: CreateTransport;
  };
}

/** The name of a platform. */
export type PlatformName = keyof PlatformOptions;

/** Loaded when asked for: the code of one platform does not slow the start of another. */
const CREATORS: { [Name in PlatformName]: (options: PlatformOptions[Name]) => Promise<Platform> } =
  {
    local: async (options) => {
      const [{ createLocalPlatform }, { createGrpcJsTransport }] = await Promise.all([
        import("./local/local_platform.ts"),
        import("../rpc/grpc_js_transport.ts"),
      ]);
      return createLocalPlatform({
        ...options,
        createTransport: options.createTransport ??
          ((deployments, clock) =>
            createGrpcJsTransport({ deployments, clock, coldStartsMarked: true })),
      });
    },
  };

/** Every platform there is. */
export const PLATFORM_NAMES = Object.keys(CREATORS) as readonly PlatformName[];

/**
 * Makes a platform by its name.
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
