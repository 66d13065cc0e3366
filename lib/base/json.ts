import { z } from "zod";
import { hideSecrets } from "./secrets.ts";

/**
 * The text of a value as JSON: the one writer of all files and outputs of JSON.
 *
 * JSON has no numbers that are not finite, and `JSON.stringify` makes `null` of
 * them, which here means unknown. So infinity is written as the text `"Infinity"`
 * (`"-Infinity"` below zero), and NaN, which is what is unknown inside columns of
 * doubles, as `null`. {@linkcode jsonNumber} reads them. Secrets in texts are
 * hidden.
 *
 * @param indent spaces for each level; 0: all in one line
 *
 * @example
 * ```ts
 * import { formatJson } from "./json.ts";
 * const text = formatJson({ p50: 12, p90: Infinity, p99: null, mean: NaN }, 0);
 * if (text !== '{"p50":12,"p90":"Infinity","p99":null,"mean":null}') throw new Error(text);
 * ```
 */
export function formatJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, replaceValue, indent);
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "string") return hideSecrets(value);
  return value === Infinity || value === -Infinity ? String(value) : value;
}

/** A number as {@linkcode formatJson} writes it: infinity is the text `"Infinity"` or `"-Infinity"`. */
export const jsonNumber = z.union([
  z.number(),
  z.enum(["Infinity", "-Infinity"]).transform(Number),
]);
