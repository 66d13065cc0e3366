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

/** A whole number with its thousands set apart. */
export function formatCount(value: number | null): string {
  if (value === null || Number.isNaN(value)) return UNKNOWN;
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",").replace("-", "−");
}

/** A share in [0, 1] as a percentage. */
export function formatShare(share: number): string {
  return `${formatNumber(100 * share)} %`;
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
