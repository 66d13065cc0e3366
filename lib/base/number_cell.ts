/**
 * The number in a cell of a result table: NaN, which is unknown, where it is
 * empty; infinity as JavaScript, pandas and R write it. `undefined` where it is no
 * number.
 *
 * @example
 * ```ts
 * import { parseNumberCell } from "./number_cell.ts";
 * if (parseNumberCell("-1.5") !== -1.5 || parseNumberCell("Infinity") !== Infinity) throw new Error();
 * if (!Number.isNaN(parseNumberCell("")) || parseNumberCell(" ") !== undefined) throw new Error();
 * ```
 */
export function parseNumberCell(text: string): number | undefined {
  if (text === "") return NaN;
  const value = Number(text);
  // Blanks are 0 to JavaScript.
  if (Number.isNaN(value) || (value === 0 && !text.includes("0"))) return undefined;
  return value;
}
