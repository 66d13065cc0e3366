/** A column of a figure's data in words, its unit apart. */
export interface ColumnWords {
  readonly words: string;
  /** Empty where it has none. */
  readonly unit: string;
}

/** Units as columns end with them, and as they are written; the longer endings first. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["per_min", "per minute"],
  ["per_s", "per second"],
  ["percent", "%"],
  ["mib", "MiB"],
  ["min", "min"],
  ["ms", "ms"],
  ["s", "s"],
  ["h", "h"],
];

/**
 * Splits the name of a column into words and unit.
 *
 * @example
 * ```ts
 * import { splitColumn } from "./column_words.ts";
 * const { words, unit } = splitColumn("response_time_ms");
 * if (words !== "response time" || unit !== "ms") throw new Error(`${words} in ${unit}`);
 * ```
 */
export function splitColumn(name: string): ColumnWords {
  const [ending, unit] = UNITS.find(([ending]) => name.endsWith(`_${ending}`)) ?? ["", ""];
  const stem = ending === "" ? name : name.slice(0, -ending.length - 1);
  return { words: stem.replaceAll("_", " "), unit };
}

/**
 * The name of a column of what an axis is labelled with.
 *
 * @example
 * ```ts
 * import { columnNameOf } from "./column_words.ts";
 * const names = ["response time (ms)", "functions (%)", "size"].map(columnNameOf);
 * if (names.join(" ") !== "response_time_ms functions_percent size") throw new Error(`${names}`);
 * ```
 */
export function columnNameOf(label: string): string {
  return label.toLowerCase().replaceAll("%", " percent").replaceAll("÷", " by ")
    .replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^_|_$/g, "");
}
