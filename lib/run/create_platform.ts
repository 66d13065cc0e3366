import type { Platform } from "../model/platform.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { RunContext } from "../platform/definition.ts";
import { platformOf } from "../platform/registry.ts";
import type { CommonOptions } from "./common_options.ts";
import { tendsPlatform } from "./shard/shard.ts";

/** What a platform tells while it deploys and serves. */
export type PlatformListener = Pick<RunContext, "onDeployment" | "onNote">;

/**
 * The platform that the options ask for, with its options among the common ones.
 *
 * @param schedule of the one run that is made on it; `null`: not known, or of several
 * @throws LoaderError `usage` when they do not make one
 */
export async function createPlatformFromOptions(
  options: CommonOptions,
  schedule: RunContext["schedule"] = null,
  listener: PlatformListener = {},
): Promise<Platform> {
  const definition = platformOf(options.platform);
  return await definition.create({
    ...settingsOf(definition, options),
    ...contextOf(options),
    ...listener,
    schedule,
  });
}

/** What the options say of a platform: the values of its own among them. */
export function settingsOf<Settings extends OptionTable>(
  { options: table }: { readonly options: Settings },
  options: CommonOptions,
) {
  const values = Object.entries(options).filter(([name]) => name in table);
  return Object.fromEntries(values) as unknown as OptionValues<Settings>;
}

/** What a run tells its platform. */
function contextOf({ seed, shard }: CommonOptions): RunContext {
  return { seed, tendsPlatform: tendsPlatform(shard) };
}
