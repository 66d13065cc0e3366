import assert from "node:assert/strict";
import { choiceOption, integerOption, type OptionValues } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { definePlatform } from "../../lib/platform/definition.ts";
import { okay } from "../../lib/platform/finding.ts";
import {
  type AnyPlatformDefinition,
  joinOptions,
  PLATFORM_NAMES,
  platformOf,
} from "../../lib/platform/registry.ts";
import { SCRAPE_OPTIONS } from "../../lib/platform/shared_options.ts";
import { SIMULATOR } from "../../lib/platform/simulator/simulator.ts";
import { testPlatformContract } from "../contract/platform_contract.ts";

// A platform by the recipe of CONTRIBUTING.md: here one that is computed, on another body.

const OPTIONS = {
  ...SCRAPE_OPTIONS,
  craters: integerOption("number", {
    meaning: "craters to run functions in",
    default: 3,
    minimum: 1,
    maximum: 9,
  }),
};

const MOON = definePlatform<"moon", typeof OPTIONS, Partial<OptionValues<typeof OPTIONS>>>({
  name: "moon",
  traits: { isVirtual: true, isCluster: true, sharesMachine: false, hasTwins: false },
  options: OPTIONS,
  create: ({ craters = OPTIONS.craters.defaults.cluster, scrapeIntervalMs }) =>
    SIMULATOR.create({ nodes: craters, scrapeIntervalMs }),
  diagnose: ({ craters }) => Promise.resolve([okay("craters", `${craters} are free.`)]),
  model: { describe: null, reason: "nobody has been there for long" },
});

const REGISTRY: readonly AnyPlatformDefinition[] = [
  ...PLATFORM_NAMES.map((name) => platformOf(name)),
  MOON,
];

const JOINED = {
  platform: choiceOption(REGISTRY.map(({ name }) => name), {
    meaning: "where the functions run",
    default: PLATFORM_NAMES[0] as string,
    clusterValues: REGISTRY.filter(({ traits }) => traits.isCluster).map(({ name }) => name),
  }),
  ...joinOptions(REGISTRY),
};

testPlatformContract("a platform by the recipe", () => platformOf("moon", REGISTRY).create({}), {
  tellsInstances: true,
});

Deno.test("a platform by the recipe: its options are the users', on it alone", () => {
  const valuesOf = (...args: readonly string[]) => parseOptions("x", "", JOINED, args).values;
  const values: Record<string, unknown> = valuesOf("--platform", "moon", "--craters", "5");
  assert.equal(values.craters, 5);
  assert.equal(values.scrapeIntervalMs, 15_000, "the default of a cluster");
  assert.match(
    parseOptions("x", "", JOINED, ["--help"]).help!,
    /--craters <number> +moon: craters/,
  );
  assert.throws(() => valuesOf("--craters", "5"), /--craters: the platform .* only moon/);
  assert.throws(() => valuesOf("--platform", "moon", "--craters", "0"), /not between 1 and 9/);
  // What every platform has is named without them.
  assert.equal(joinOptions(REGISTRY).scrapeIntervalMs.platforms, null);
});

Deno.test("joinOptions: two declarations of one name are a mistake", () => {
  const other = { ...MOON, name: "mars", options: { craters: { ...OPTIONS.craters } } };
  assert.throws(() => joinOptions([MOON, other]), /moon and mars both declare an option craters/);
});

Deno.test("platformOf: an unknown name is told with those there are", () => {
  assert.throws(
    () => platformOf("mars", REGISTRY),
    /no platform "mars"; choose one of: .*, moon\./,
  );
});
