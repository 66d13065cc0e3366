import { Command, CommanderError, Option as Flag } from "commander";
import { LoaderError } from "../base/error.ts";
import { readConfigFile } from "./config_file.ts";
import {
  bareNameOf,
  defaultOf,
  flagOf,
  type Option,
  type OptionTable,
  type OptionValues,
  parseOptionValue,
} from "./option.ts";
import { parseVariation } from "./variation.ts";

/** What a script is called with. */
export interface ParsedOptions<O extends OptionTable> {
  readonly values: OptionValues<O>;
  /** The help text, if it was asked for; the values then do not matter. */
  readonly help: string | null;
}

/**
 * Parses the arguments of a script by its table of options, then its
 * configuration file, then the defaults of the platform. The command line wins
 * over the file.
 *
 * @throws LoaderError `usage` for an unknown option, a value out of range, or an
 * option that the platform does not use
 */
export function parseOptions<O extends OptionTable>(
  script: string,
  description: string,
  options: O,
  args: readonly string[],
): ParsedOptions<O> {
  const command = createCommand(script, description, options);
  try {
    command.parse(args as string[], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") {
      return { values: {} as OptionValues<O>, help: command.helpInformation() };
    }
    throw new LoaderError("usage", `${sentenceOf(error.message)} --help lists the options.`);
  }
  const given: Record<string, unknown> = command.opts();
  const configPath = given.config;
  const configured = typeof configPath === "string"
    ? readConfigFile(configPath, options)
    : new Map();
  const valueOf = (name: string, option: Option<unknown>): unknown => {
    const text = given[bareNameOf(name, option)];
    if (text !== undefined) {
      // What Commander has for a flag that may stand alone, and does.
      const isAlone = text === true && option.valueOfFlagAlone !== undefined;
      return parseOptionValue(name, option, isAlone ? option.valueOfFlagAlone! : String(text));
    }
    const fromFile = configured.get(name);
    if (fromFile === undefined) return undefined;
    return parseOptionValue(name, option, fromFile.text, {
      file: String(configPath),
      line: fromFile.line,
    });
  };
  const chooser: Option<unknown> | undefined = options.platform;
  const platform = chooser === undefined
    ? null
    : String(valueOf("platform", chooser) ?? chooser.defaults.local);
  const varied = Object.entries(options).filter(([, { variesOptions }]) => variesOptions === true)
    .map(([name, option]) => valueOf(name, option));
  const tried = platform === null ? [] : [platform, ...variedPlatforms(varied)];
  for (const [name, option] of Object.entries(options)) {
    const { platforms } = option;
    const bareName = bareNameOf(name, option);
    const fromFile = configured.get(name);
    const isGiven = given[bareName] !== undefined || fromFile !== undefined;
    if (!isGiven || platforms === null || platform === null) continue;
    if (tried.some((one) => platforms.includes(one))) continue;
    throw new LoaderError(
      "usage",
      `${flagOf(bareName)}: the platform ${platform} does not use it, only ` +
        `${platforms.join(" and ")}; leave it out.`,
      given[bareName] === undefined ? { file: String(configPath), line: fromFile?.line } : {},
    );
  }
  const isCluster = platform !== null && (chooser?.clusterValues?.includes(platform) ?? false);
  const values = Object.fromEntries(
    Object.entries(options).map((
      [name, option],
    ) => [name, valueOf(name, option) ?? defaultOf(option, isCluster)]),
  );
  return { values: values as OptionValues<O>, help: null };
}

/** The platforms that texts with values for other options name. */
function variedPlatforms(texts: readonly unknown[]): string[] {
  return texts.flatMap((text) => {
    if (typeof text !== "string") return [];
    return parseVariation(text).flatMap(({ names, values }) => {
      const at = names.indexOf("platform");
      return at < 0 ? [] : values.map((value) => value[at]);
    });
  });
}

function createCommand(script: string, description: string, options: OptionTable): Command {
  const command = new Command(script)
    .description(description)
    .helpOption("--help", "print this and stop")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: () => {},
      writeErr: () => {},
      getOutHelpWidth: () => 100,
      // Asking the environment for colours would need a permission for a help text.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const [name, option] of Object.entries(options)) {
    const bareName = bareNameOf(name, option);
    const flag = flagOf(bareName);
    const scope = option.platforms === null ? "" : `${option.platforms.join(", ")}: `;
    const meaning = scope + option.meaning + describeDefault(option);
    if (option.placeholder === null) {
      command.addOption(new Flag(flag, meaning));
      command.addOption(new Flag(flag.replace("--", "--no-")).hideHelp());
      // Commander would otherwise take the positive flag's default for true.
      command.setOptionValue(bareName, undefined);
    } else {
      const value = option.valueOfFlagAlone === undefined
        ? `<${option.placeholder}>`
        : `[${option.placeholder}]`;
      const { joinedBy } = option;
      const flagOption = new Flag(`${flag} ${value}`, meaning);
      command.addOption(
        joinedBy === undefined
          ? flagOption
          : flagOption.argParser((text, before?: string) =>
            before === undefined ? text : before + joinedBy + text
          ),
      );
    }
  }
  return command;
}

function describeDefault(option: Option<unknown>): string {
  const local = option.show(option.defaults.local);
  const cluster = option.show(option.defaults.cluster);
  if (local === cluster) return local === null ? "" : ` (default: ${local})`;
  return ` (default: ${local ?? "none"} locally, ${cluster ?? "none"} on a cluster)`;
}

function sentenceOf(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\n/g, " ");
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!)]$/.test(capital) ? capital : capital + ".";
}
