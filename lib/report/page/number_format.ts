/** What stands where a figure is unknown. */
export const UNKNOWN = "–";

/**
 * A number for reading: three significant digits, whole above 100, thousands
 * set apart; `∞` for infinity, `–` for `null` and NaN.
 *
 * @example
 * ```ts
 * import { formatNumber } from "./number_format.ts";
 * const texts = [0.12345, 12.34, 123.4, 12345.6, Infinity, null].map(formatNumber);
 * if (texts.join(" ") !== "0.123 12.3 123 12,346 ∞ –") throw new Error(texts.join(" "));
 * ```
 */
export function formatNumber(value: number | null): string {
  if (value === null || Number.isNaN(value)) return UNKNOWN;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return formatCount(Math.round(value));
  if (magnitude < 0.001) return magnitude === 0 ? "0" : value.toExponential(1);
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A tick of a logarithmic axis: as a number for reading, and from a million on by its power of ten,
 * whose zeros have no room.
 *
 * @example
 * ```ts
 * import { formatTick } from "./number_format.ts";
 * const texts = [0.5, 100_000, 1e6, 2e10].map(formatTick);
 * if (texts.join() !== "0.5,100,000,10⁶,2·10¹⁰") throw new Error(texts.join());
 * ```
 */
export function formatTick(value: number): string {
  if (!(value >= 1e6 && value < Infinity)) return formatNumber(value);
  const power = Math.floor(Math.log10(value) + 1e-9);
  const multiple = formatNumber(value / 10 ** power);
  const ten = `10${[...String(power)].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
  return multiple === "1" ? ten : `${multiple}·${ten}`;
}

/** A whole number with its thousands set apart. */
export function formatCount(value: number | null): string {
  if (value === null || Number.isNaN(value)) return UNKNOWN;
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",").replace("-", "−");
}

/** More digits than this are of the arithmetic, not of what was measured. */
const MOST_SHARE_DECIMALS = 8;

/** A share in [0, 1] as a percentage, as {@linkcode formatPercent} has it. */
export function formatShare(share: number): string {
  return `${formatPercent(share)} %`;
}

/**
 * A share in [0, 1] in percent, for a column with the unit; what is less than all is
 * never rounded to 100.
 *
 * @example
 * ```ts
 * import { formatPercent } from "./number_format.ts";
 * const texts = [0.12345, 1, 0.9996, 0].map(formatPercent);
 * if (texts.join() !== "12.3,100,99.96,0") throw new Error(texts.join());
 * ```
 */
export function formatPercent(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = 100 * share;
  for (
    let decimals = 2;
    share > 0.999 && share < 1 && decimals <= MOST_SHARE_DECIMALS;
    decimals++
  ) {
    const text = percent.toFixed(decimals);
    if (Number(text) < 100) return String(Number(text));
  }
  return formatNumber(percent);
}

/** A count with its noun: `1 run`, `2 runs`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A span of time in the largest fitting unit: `850 ms`, `20 s`, `3 min`. */
export function formatSpan(spanMs: number): string {
  if (spanMs < 1_000) return `${formatNumber(spanMs)} ms`;
  if (spanMs < 120_000) return `${formatNumber(spanMs / 1_000)} s`;
  if (spanMs < 7_200_000) return `${formatNumber(spanMs / 60_000)} min`;
  return `${formatNumber(spanMs / 3_600_000)} h`;
}

/** A date of ISO 8601 in UTC, to the second. */
export function formatDate(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/, "$1 $2 UTC");
}
