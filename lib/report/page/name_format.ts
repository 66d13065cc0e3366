import { formatJson } from "../../base/json.ts";
import { formatCount, formatNumber, formatSpan, UNKNOWN } from "./number_format.ts";

/** A name of the program in words, its unit apart. */
export interface NameInWords {
  readonly words: string;
  /** Empty where the name has none. */
  readonly unit: string;
}

/** Units as names end with them, and as they are written; the longer endings first. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["PerMs", "per ms"],
  ["PerS", "per second"],
  ["Percentage", "%"],
  ["Percent", "%"],
  ["Milli", "milli-cores"],
  ["Mib", "MiB"],
  ["Ms", "ms"],
];

/**
 * Splits a name in camel case into words and unit, for names here end with
 * their unit.
 *
 * @example
 * ```ts
 * import { splitName } from "./name_format.ts";
 * const { words, unit } = splitName("stableWindowMs");
 * if (words !== "stable window" || unit !== "ms") throw new Error(`${words} in ${unit}`);
 * ```
 */
export function splitName(name: string): NameInWords {
  const [ending, unit] = UNITS.find(([ending]) => name.endsWith(ending) && name !== ending) ??
    ["", ""];
  const stem = name.slice(0, name.length - ending.length);
  const words = stem.replace(/([a-z\d])([A-Z])/g, (_, end, start) => `${end} ${start}`)
    .toLowerCase().replace(/\bcpu\b/, "CPU");
  return { words, unit };
}

/** A value of a manifest for reading, with the unit that its name ends with. */
export function formatValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  // As JSON has it.
  if (value === "Infinity" || value === "-Infinity") return formatNumber(Number(value));
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((item) => formatValue(name, item)).join(", ");
  if (typeof value !== "number") {
    return typeof value === "object" ? formatJson(value, 0) : `${value}`;
  }
  const { unit } = splitName(name);
  if (unit === "ms") return formatSpan(value);
  // A port or a seed is a name, not an amount.
  if (unit === "" && Number.isInteger(value) && /port$|seed$/i.test(name)) return String(value);
  const text = Number.isInteger(value) ? formatCount(value) : formatNumber(value);
  return unit === "" ? text : `${text} ${unit}`;
}
