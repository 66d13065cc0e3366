import { LoaderError } from "../base/error.ts";
import type { Platform } from "../model/platform.ts";
import type { Option, OptionTable } from "../option/option.ts";
import type { PlatformDefinition, PlatformTraits } from "./definition.ts";
import { ENDPOINTS } from "./endpoints/endpoints.ts";
import { KNATIVE } from "./knative/knative.ts";
import { LOCAL } from "./local/local.ts";
import { SIMULATOR } from "./simulator/simulator.ts";

/** Every platform there is, the default first; a new one is a line here. */
const DEFINITIONS = [LOCAL, ENDPOINTS, SIMULATOR, KNATIVE] as const;

type Definition = typeof DEFINITIONS[number];

/** The name of a platform, as `--platform` takes it. */
export type PlatformName = Definition["name"];

/** What each platform is made from, by its name. */
export type PlatformSettings = {
  readonly [D in Definition as D["name"]]: Parameters<D["create"]>[0];
};

/** The names of the platforms. */
export const PLATFORM_NAMES: readonly PlatformName[] = DEFINITIONS.map(({ name }) => name);

/** The names of those that have traits, in the order of {@linkcode PLATFORM_NAMES}. */
export function platformsWith(
  isSuch: (definition: AnyPlatformDefinition) => boolean,
): readonly PlatformName[] {
  return DEFINITIONS.filter(isSuch).map(({ name }) => name);
}

/** A definition whose settings are not known by their types. */
// deno-lint-ignore no-explicit-any -- each platform has its own
export type AnyPlatformDefinition = PlatformDefinition<string, any, any>;

/**
 * The definition of a platform.
 *
 * @throws LoaderError `usage` when there is none of that name
 */
export function platformOf(
  name: string,
  definitions: readonly AnyPlatformDefinition[] = DEFINITIONS,
): AnyPlatformDefinition {
  const found = definitions.find((definition) => definition.name === name);
  if (found !== undefined) return found;
  const names = definitions.map(({ name }) => name).join(", ");
  throw new LoaderError("usage", `There is no platform "${name}"; choose one of: ${names}.`, {
    value: name,
  });
}

/** What distinguishes a platform from others. */
export function traitsOf(name: PlatformName): PlatformTraits {
  return platformOf(name).traits;
}

/**
 * Makes a platform by its name. Its options are checked, and nothing is started
 * until it deploys.
 *
 * @throws LoaderError `usage` when there is none of that name, or an option is out of its range
 */
export async function createPlatform<Name extends PlatformName>(
  name: Name,
  settings: PlatformSettings[Name],
): Promise<Platform> {
  return await platformOf(name).create(settings);
}

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends
  (all: infer All) => void ? All : never;

/** The options of every platform, each with the platforms that use it. */
export const PLATFORM_OPTIONS = joinOptions(DEFINITIONS) as Intersection<Definition["options"]>;

/**
 * Joins the options of platforms. What several have is one option, declared once.
 *
 * @throws Error when two platforms declare options of one name
 */
export function joinOptions(definitions: readonly AnyPlatformDefinition[]): OptionTable {
  const joined = new Map<string, { option: Option<unknown>; platforms: string[] }>();
  for (const { name: platform, options } of definitions) {
    for (const [name, option] of Object.entries(options as OptionTable)) {
      const known = joined.get(name);
      if (known === undefined) joined.set(name, { option, platforms: [platform] });
      else if (known.option === option) known.platforms.push(platform);
      else throw new Error(`${known.platforms[0]} and ${platform} both declare an option ${name}.`);
    }
  }
  return Object.fromEntries(
    [...joined].map(([name, { option, platforms }]) => [
      name,
      { ...option, platforms: platforms.length === definitions.length ? null : platforms },
    ]),
  );
}
