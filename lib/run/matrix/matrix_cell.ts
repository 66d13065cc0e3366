import { errorMessage, LoaderError } from "../../base/error.ts";
import {
  bareNameOf,
  defaultOf,
  flagOf,
  type Option,
  type OptionTable,
  type OptionValues,
  parseOptionValue,
} from "../../option/option.ts";
import { type Axis, parseVariation } from "../../option/variation.ts";
import type { ExperimentManifest } from "../../store/schema/manifest.ts";
import type { CommonOptions } from "../common_options.ts";

/** An experiment with one set of values of the options that are varied. */
export interface MatrixCell<Values> {
  /** Fit for a folder: `policy-oracle_nodes-2`; empty where nothing is varied. */
  readonly label: string;
  /** What is varied, by the names of options, with its values here. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** All options in force. */
  readonly options: Values;
}

/** Cells that one matrix may have. */
const MOST_CELLS = 10_000;

/** What a path may not be made of. */
const UNFIT = /[^A-Za-z0-9.]+/g;

/**
 * The cells of the matrix that the options ask for, the last axis changing first; one, where
 * nothing is varied.
 *
 * @throws LoaderError `usage` when an option cannot be varied, or a value is wrong
 */
export function expandMatrix<O extends OptionTable>(
  table: O,
  options: OptionValues<O> & CommonOptions,
): MatrixCell<OptionValues<O> & CommonOptions>[] {
  const axes = listAxes(options);
  const cells = axes.reduce((count, { values }) => count * values.length, 1);
  if (cells > MOST_CELLS) {
    throw new LoaderError(
      "usage",
      `--vary: that makes ${cells} combinations; ${MOST_CELLS} is the most, so vary less at once.`,
      { value: options.vary },
    );
  }
  const labels = new Set<string>();
  return crossAxes(axes).map((texts, i) => {
    const cell = createCell(table, options, texts);
    // Two values may differ in letters only that no path has.
    const label = labels.has(cell.label) ? `${cell.label}-${i}` : cell.label;
    labels.add(label);
    return { ...cell, label };
  });
}

/**
 * What the options vary, by the parameters of runs, and in which of them the two sides of a
 * comparison differ; `null`: nothing is varied.
 */
export function describeMatrix<O extends OptionTable>(
  table: O,
  options: OptionValues<O> & CommonOptions,
): NonNullable<ExperimentManifest["matrix"]> | null {
  const [{ parameters: first }] = expandMatrix(table, options);
  const parameters = Object.keys(first);
  if (parameters.length === 0) return null;
  if (options.ab === null) return { parameters };
  // The sides are the first axis.
  const [{ names }] = parseVariation(options.ab);
  const differing = parameters.slice(0, names.length);
  return {
    parameters,
    sides: { parameters: differing, first: differing.map((name) => first[name]) },
  };
}

function listAxes({ ab, vary }: Pick<CommonOptions, "vary" | "ab">): Axis[] {
  const texts = [ab, vary].filter((text) => text !== null);
  return texts.length === 0 ? [] : parseVariationOf(texts.join(";"));
}

/** @throws LoaderError `usage` where both vary one option */
function parseVariationOf(text: string): Axis[] {
  try {
    return parseVariation(text);
  } catch (cause) {
    throw new LoaderError("usage", `--ab and --vary: ${errorMessage(cause)}`, { cause });
  }
}

/** Values by flag, for each combination. */
function crossAxes(axes: readonly Axis[]): ReadonlyMap<string, string>[] {
  let combinations: ReadonlyMap<string, string>[] = [new Map()];
  for (const { names, values } of axes) {
    combinations = combinations.flatMap((before) =>
      values.map((texts) =>
        new Map([...before, ...texts.map((text, i) => [names[i], text] as const)])
      )
    );
  }
  return combinations;
}

function createCell<O extends OptionTable>(
  table: O,
  options: OptionValues<O> & CommonOptions,
  texts: ReadonlyMap<string, string>,
): MatrixCell<OptionValues<O> & CommonOptions> {
  const given = Object.fromEntries(
    [...texts].map(([flag, text]) => {
      const name = findName(table, flag);
      return [name, parseOptionValue(name, table[name], text)];
    }),
  );
  const platform = (given.platform ?? options.platform) as CommonOptions["platform"];
  for (const flag of texts.keys()) refuseUnused(table[findName(table, flag)], flag, platform);
  const placed = takeDefaultsOf(table, options, platform);
  const label = [...texts].map(([flag, text]) => `${flag}-${text.replace(UNFIT, "-")}`).join("_");
  return {
    label: label.replace(/-+(?=_|$)/g, ""),
    parameters: Object.fromEntries(
      [...texts].map(([flag, text]) => {
        const name = findName(table, flag);
        const value: unknown = given[name];
        // A number is in the unit that the name ends in, a text has its own.
        return typeof value === "number" ? [name, value] : [bareNameOf(name, table[name]), text];
      }),
    ),
    options: { ...options, ...placed, ...given },
  };
}

/**
 * Where a platform of another place is tried, what has the default of the one place takes that
 * of the other.
 */
function takeDefaultsOf(
  table: OptionTable,
  options: CommonOptions,
  platform: string,
): Record<string, unknown> {
  const isCluster = (name: string) => table.platform?.clusterValues?.includes(name) ?? false;
  const [before, after] = [isCluster(options.platform), isCluster(platform)];
  if (before === after) return {};
  const values = options as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(table)
      .filter(([name, option]) => values[name] === defaultOf(option, before))
      .map(([name, option]) => [name, defaultOf(option, after)]),
  );
}

/** @throws LoaderError `usage` where the platform of a cell does not use the option */
function refuseUnused({ platforms }: Option<unknown>, flag: string, platform: string): void {
  if (platforms === null || platforms.includes(platform)) return;
  throw new LoaderError(
    "usage",
    `--vary ${flag}: the platform ${platform} does not use it, only ${platforms.join(" and ")}.`,
    { value: flag },
  );
}

/** @throws LoaderError `usage` where there is no such option, or no run follows it */
function findName(table: OptionTable, flag: string): string {
  const found = Object.entries(table).find(([name, option]) =>
    flagOf(bareNameOf(name, option)) === `--${flag}`
  );
  const reason = found === undefined
    ? "there is no such option; --help lists them"
    : reasonAgainst(found[1], flag);
  if (found !== undefined && reason === null) return found[0];
  throw new LoaderError("usage", `--vary ${flag}: ${reason}.`, { value: flag });
}

/** Options that are about the experiment as a whole. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set(["schedules", "shard", "start-at", "start-gap"]);

function reasonAgainst(option: Option<unknown>, flag: string): string | null {
  if (option.variesOptions === true || OF_THE_WHOLE.has(flag)) {
    return "it is about all runs, and cannot be varied";
  }
  return option.decidesResult ? null : "no result depends on it, so there is nothing to vary";
}
