import type { MetricComparison } from "../../analyze/compare/compare_runs.ts";
import { formatNumber, UNKNOWN } from "../page/number_format.ts";

/** A change in parts as signed per cent. */
export function formatChange(change: number): string {
  return `${change > 0 ? "+" : ""}${formatNumber(100 * change)} %`;
}

/** The change of a metric in per cent, of a share in percentage points. */
export function formatOf({ by }: Pick<MetricComparison, "by">, change: number): string {
  if (by === "ratio") return formatChange(change);
  return `${change > 0 ? "+" : ""}${formatNumber(100 * change)} points`;
}

/** The value of a metric on one side. */
export function formatValue({ by }: Pick<MetricComparison, "by">, value: number): string {
  if (Number.isNaN(value)) return UNKNOWN;
  return by === "difference" ? `${formatNumber(100 * value)} %` : formatNumber(value);
}
