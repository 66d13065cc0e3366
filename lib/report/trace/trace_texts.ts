import { formatNumber } from "../page/number_format.ts";

/** A time of a runtime axis: `10 ms`, `100 s`; minutes would make 1.67 of a hundred seconds. */
export function formatRuntime(valueMs: number): string {
  return valueMs < 1000 ? `${formatNumber(valueMs)} ms` : `${formatNumber(valueMs / 1000)} s`;
}

/** Width of a slot, as in "invocations per minute". */
export function nameSlot(slotMs: number): string {
  if (slotMs === 60_000) return "minute";
  if (slotMs === 1_000) return "second";
  if (slotMs === 3_600_000) return "hour";
  return `${formatRuntime(slotMs)} slot`;
}

/** So many slots as a time: `5 min`, `1 h`. */
export function formatPeriod(spanMs: number): string {
  for (
    const [unitMs, unit] of [[86_400_000, "days"], [3_600_000, "h"], [60_000, "min"], [
      1000,
      "s",
    ]] as const
  ) {
    if (spanMs === unitMs && unit === "days") return "1 day";
    if (spanMs >= unitMs) return `${formatNumber(spanMs / unitMs)} ${unit}`;
  }
  return `${formatNumber(spanMs)} ms`;
}

/** Large numbers of an axis: `10 k`, `1 M`. */
export function formatAxisCount(value: number): string {
  if (value >= 1e9) return `${formatNumber(value / 1e9)} G`;
  if (value >= 1e6) return `${formatNumber(value / 1e6)} M`;
  if (value >= 1e4) return `${formatNumber(value / 1e3)} k`;
  if (value > 0 && value < 0.001) {
    return Number(value.toPrecision(2)).toFixed(Math.ceil(-Math.log10(value) - 1e-9));
  }
  return formatNumber(value);
}

/** A hash of at least so many digits is told apart by its first few. */
const HASHES = /\b[0-9a-f]{16,}\b/gi;
const SHOWN_DIGITS = 8;

/** A text whose long hashes are cut to their first digits, by which they are found in a file. */
export function shortenHashes(text: string): string {
  return text.replace(HASHES, (hash) => `${hash.slice(0, SHOWN_DIGITS)}…`);
}
