import { LoaderError } from "../base/error.ts";

/** Defaults that differ between a laptop and a cluster; `--help` prints both. */
export interface PlacedDefault<T> {
  /**
   * On a laptop and its like: the platforms of one machine, and servers that are
   * already there, which are a prototype's more often than a cluster's.
   */
  readonly local: T;
  /** On the platforms that {@linkcode Option.clusterValues} names. */
  readonly cluster: T;
}

/** What the value of an option may be, for those who take it from elsewhere than a text. */
export type ValueForm =
  | { readonly kind: "number"; readonly isWhole: boolean } & Bounds
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  | { readonly kind: "switch" }
  /** What `parse` makes of a text. */
  | { readonly kind: "text" };

/** One typed option of a script: what `--help`, the command line and a configuration file share. */
export interface Option<T> {
  /** Placeholder of its value in the help, `null` for a switch. */
  readonly placeholder: string | null;
  /** What the flag alone stands for; absent: it must have a value. */
  readonly valueOfFlagAlone?: string;
  readonly meaning: string;
  /** What the name of its value ends in, such as `Ms`, and the flag does not; empty: no unit. */
  readonly unit: string;
  /** The flag may be given several times, and a file may have a list: one text, joined by this. */
  readonly joinedBy?: string;
  /** The text of what a configuration file has, where that is more than values; `null`: it is wrong. */
  readonly textOfYaml?: (yaml: unknown) => string | null;
  /** True of a text that has values for other options; see {@linkcode parseVariation}. */
  readonly variesOptions?: boolean;
  /** What flags, files and manifests call it, where that is not its name without the unit. */
  readonly bareName?: string;
  readonly form: ValueForm;
  /** Text to value; throws an error whose message completes "--name: …". */
  readonly parse: (text: string) => T;
  readonly defaults: PlacedDefault<T>;
  /** How a default is written in the help; `null` leaves it out. */
  readonly show: (value: T) => string | null;
  /** A resumed experiment must have the same value. */
  readonly decidesResult: boolean;
  /** Of an experiment's own options: whether the schedule of a run follows it; absent: it does. */
  readonly shapesSchedule?: boolean;
  /** The value names a file whose content decides on the results. */
  readonly readsFile?: boolean;
  /** The platforms that use it; `null`: every one. */
  readonly platforms: readonly string[] | null;
  /** Of the option that chooses a platform: the values with the defaults of a cluster. */
  readonly clusterValues?: readonly string[];
}

/**
 * Options by the names of their values, in camelCase with the unit: `scrapeIntervalMs`.
 * Flags are in kebab-case without it: `--scrape-interval`.
 */
// deno-lint-ignore no-explicit-any -- the value types differ; `OptionValues` recovers them
export type OptionTable = Readonly<Record<string, Option<any>>>;

/** The values of a table of options. */
export type OptionValues<O extends OptionTable> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never;
};

/** What every option is declared with. */
export interface OptionText<T> {
  readonly meaning: string;
  readonly default: T | PlacedDefault<T>;
  /** See {@linkcode Option.unit}. */
  readonly unit?: string;
  /** See {@linkcode Option.bareName}. */
  readonly bareName?: string;
  /** See {@linkcode Option.clusterValues}. */
  readonly clusterValues?: readonly string[];
  /** `false` for what changes only how results are shown or kept. */
  readonly decidesResult?: boolean;
  /** `false` for what decides which runs are made, and not on the schedule of any. */
  readonly shapesSchedule?: boolean;
  /** `true` for the name of a file whose content decides on the results. */
  readonly readsFile?: boolean;
  /** The platforms that use it, where not every one does; elsewhere it is a mistake. */
  readonly platforms?: readonly string[];
  /** See {@linkcode Option.valueOfFlagAlone}. */
  readonly valueOfFlagAlone?: string;
  /** See {@linkcode Option.joinedBy}. */
  readonly joinedBy?: string;
  /** See {@linkcode Option.textOfYaml}. */
  readonly textOfYaml?: (yaml: unknown) => string | null;
  /** See {@linkcode Option.variesOptions}. */
  readonly variesOptions?: boolean;
}

/**
 * An option of another form than those below.
 *
 * @param placeholder `null` for a switch
 * @param parse see {@linkcode Option.parse}
 * @param show see {@linkcode Option.show}
 */
export function createOption<T>(
  placeholder: string | null,
  text: OptionText<T>,
  form: ValueForm,
  parse: (text: string) => T,
  show: (value: T) => string | null = (value) => value === null ? null : String(value),
): Option<T> {
  const given = text.default;
  const defaults = isPlaced(given) ? given : { local: given, cluster: given };
  const { meaning, unit = "", decidesResult = true, platforms = null } = text;
  const { shapesSchedule = true, readsFile = false, bareName, clusterValues } = text;
  const { valueOfFlagAlone, joinedBy, textOfYaml, variesOptions } = text;
  return {
    placeholder,
    meaning,
    unit,
    form,
    parse,
    defaults,
    show,
    decidesResult,
    shapesSchedule,
    readsFile,
    platforms,
    ...(bareName === undefined ? {} : { bareName }),
    ...(clusterValues === undefined ? {} : { clusterValues }),
    ...(valueOfFlagAlone === undefined ? {} : { valueOfFlagAlone }),
    ...(joinedBy === undefined ? {} : { joinedBy }),
    ...(textOfYaml === undefined ? {} : { textOfYaml }),
    ...(variesOptions === undefined ? {} : { variesOptions }),
  };
}

function isPlaced<T>(value: T | PlacedDefault<T>): value is PlacedDefault<T> {
  return typeof value === "object" && value !== null && "cluster" in value;
}

/** An option of any text but the empty one. */
export function textOption<T extends string | null>(
  placeholder: string,
  text: OptionText<T>,
): Option<string | T> {
  return createOption<string | T>(placeholder, text, { kind: "text" }, (value) => {
    if (value === "") throw new Error("the value is empty.");
    return value;
  });
}

/** An option of one of a few words; the help lists them. */
export function choiceOption<T extends string>(
  choices: readonly T[],
  text: OptionText<T>,
): Option<T> {
  return createOption(choices.join("|"), text, { kind: "choice", choices }, (value) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      throw new Error(`${quote(value)} is none of ${choices.join(", ")}.`);
    }
    return found;
  });
}

/** A switch: `--name` turns it on, `--no-name` off. */
export function switchOption<T extends boolean | null>(
  text: OptionText<T>,
): Option<boolean | T> {
  return createOption<boolean | T>(null, text, { kind: "switch" }, (value) => {
    if (value === "true") return true;
    if (value === "false") return false;
    throw new Error(`${quote(value)} is neither true nor false.`);
  }, () => null);
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

function boundsOf({ minimum, maximum }: Bounds): Bounds {
  return { minimum, maximum };
}

/** An option of a whole number within bounds. */
export function integerOption<T extends number | null>(
  placeholder: string,
  text: OptionText<T> & Bounds,
): Option<number | T> {
  return createOption<number | T>(
    placeholder,
    text,
    { kind: "number", isWhole: true, ...boundsOf(text) },
    (value) => parseNumber(value, text, /^[+-]?\d+$/, "a whole number"),
  );
}

/** An option of a number within bounds. */
export function numberOption<T extends number | null>(
  placeholder: string,
  text: OptionText<T> & Bounds,
): Option<number | T> {
  return createOption<number | T>(
    placeholder,
    text,
    { kind: "number", isWhole: false, ...boundsOf(text) },
    (value) => parseNumber(value, text, /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/, "a number"),
  );
}

/** An option of whole numbers within bounds, ascending and separated by commas: `6,12,18`. */
export function integerListOption<T extends readonly number[] | null>(
  placeholder: string,
  text: OptionText<T> & Bounds,
): Option<readonly number[] | T> {
  return createOption<readonly number[] | T>(placeholder, text, { kind: "text" }, (value) => {
    const numbers = value.split(",").map((item) =>
      parseNumber(item.trim(), text, /^\d+$/, "a whole number")
    );
    if (numbers.some((number, i) => i > 0 && number <= numbers[i - 1])) {
      throw new Error(`${quote(value)} is not ascending.`);
    }
    return numbers;
  }, (numbers) => numbers === null ? null : numbers.join(","));
}

/** An option of some of a few words, each at most once, separated by commas. */
export function choiceListOption<T extends string>(
  choices: readonly T[],
  text: OptionText<readonly T[]>,
): Option<readonly T[]> {
  return createOption<readonly T[]>("name,name,…", text, { kind: "text" }, (value) => {
    const words = value.split(",").map((word) => word.trim());
    const unknown = words.find((word) => !choices.includes(word as T));
    if (unknown !== undefined) {
      throw new Error(`${quote(unknown)} is none of ${choices.join(", ")}.`);
    }
    if (new Set(words).size < words.length) throw new Error(`${quote(value)} names one twice.`);
    return words as T[];
  }, (words) => words.join(","));
}

/** An option of a length of time, in milliseconds, written as `500ms`, `20s`, `3min`, `1h`. */
export function durationOption<T extends number | null>(
  text: OptionText<T> & Bounds,
): Option<number | T> {
  return createOption<number | T>(
    "time",
    { unit: "Ms", ...text },
    { kind: "number", isWhole: false, ...boundsOf(text) },
    (value) => {
      const durationMs = parseDurationMs(value);
      if (durationMs < text.minimum || durationMs > text.maximum) {
        throw new Error(
          `${quote(value)} is not between ${formatDuration(text.minimum)} and ` +
            `${formatDuration(text.maximum)}.`,
        );
      }
      return durationMs;
    },
    (durationMs) => durationMs === null ? null : formatDuration(durationMs),
  );
}

const DURATION_UNITS_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 } as const;

/**
 * The milliseconds of a length of time such as `500ms`, `20s`, `1.5min`, `1h`.
 *
 * @throws Error when it is not one; `0` needs no unit
 */
export function parseDurationMs(text: string): number {
  if (text === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|min|h)$/.exec(text);
  if (match === null) {
    throw new Error(`${quote(text)} is not a time; write it as 500ms, 20s, 3min or 1h.`);
  }
  return Number(match[1]) * DURATION_UNITS_MS[match[2] as keyof typeof DURATION_UNITS_MS];
}

/** A length of time as a person writes it: the largest unit that keeps it whole. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0";
  for (const unit of ["h", "min", "s"] as const) {
    const count = durationMs / DURATION_UNITS_MS[unit];
    if (count >= 1 && Number.isInteger(count * 10)) return `${count}${unit}`;
  }
  return `${durationMs}ms`;
}

function parseNumber(text: string, bounds: Bounds, form: RegExp, what: string): number {
  if (!form.test(text)) throw new Error(`${quote(text)} is not ${what}.`);
  const number = Number(text);
  if (number < bounds.minimum || number > bounds.maximum) {
    throw new Error(`${text} is not between ${bounds.minimum} and ${bounds.maximum}.`);
  }
  return number;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** What its value is where none is given. */
export function defaultOf<T>({ defaults }: Option<T>, isCluster: boolean): T {
  return isCluster ? defaults.cluster : defaults.local;
}

/** The same option with another default, on one machine and on a cluster alike. */
export function withDefault<T>(option: Option<T>, value: T): Option<T> {
  return { ...option, defaults: { local: value, cluster: value } };
}

/**
 * The name of an option as flags, files and manifests have it, without the unit:
 * `scrapeIntervalMs` → `scrapeInterval`.
 */
export function bareNameOf(
  name: string,
  { unit, bareName }: Pick<Option<unknown>, "unit" | "bareName">,
): string {
  if (bareName !== undefined) return bareName;
  if (name.endsWith(unit)) return name.slice(0, name.length - unit.length);
  throw new Error(`The name of the option ${name} must end in its unit, ${unit}.`);
}

/** Values of options by their bare names, in the order of the values. */
export function byBareName(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name in table ? bareNameOf(name, table[name]) : name,
      value,
    ]),
  );
}

/** The flag of a bare name: `warmUp` → `--warm-up`. */
export function flagOf(bareName: string): string {
  return "--" + bareName.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase());
}

/**
 * Parses one value.
 *
 * @throws LoaderError `usage` naming the flag, and the file and line when it came from one
 */
export function parseOptionValue<T>(
  name: string,
  option: Option<T>,
  text: string,
  place: { readonly file?: string; readonly line?: number } = {},
): T {
  try {
    return option.parse(text);
  } catch (cause) {
    const sentence = cause instanceof Error ? cause.message : String(cause);
    throw new LoaderError("usage", `${flagOf(bareNameOf(name, option))}: ${sentence}`, {
      ...place,
      value: text,
      cause,
    });
  }
}
