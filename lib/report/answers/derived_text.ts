import type { DerivedFigure } from "../../model/answer.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";

/** A point of a curve, as it is stored. */
export interface StoredPoint {
  readonly figure: string;
  readonly series: string;
  readonly x: number;
  readonly y: number;
  /** NaN without an interval. */
  readonly low: number;
  readonly high: number;
}

/**
 * Says what the curves of a figure come to: of shares where each has risen to one half, else
 * what each is at the smallest and the largest x that all have. `null` where there is nothing to say.
 */
export function describeCurves(
  { words, x, isShare }: Pick<DerivedFigure, "words" | "x" | "isShare">,
  points: readonly StoredPoint[],
): string | null {
  const curves = [...Map.groupBy(points, ({ series }) => series)];
  if (words === undefined || curves.length === 0) return null;
  if (isShare === true) {
    const parts = curves.map(([series, curve]) => `${series} ${formatNumber(halfOf(curve))}`);
    return `Half of the functions have at most so many ${words}: ${parts.join(", ")}.`;
  }
  const common = curves[0][1].map((point) => point.x).filter((value) =>
    curves.every(([, curve]) => curve.some((point) => point.x === value))
  );
  const ends = [...new Set([Math.min(...common), Math.max(...common)])];
  if (common.length === 0) return null;
  const valueOf = (curve: readonly StoredPoint[], at: number) =>
    formatNumber(curve.find((point) => point.x === at)!.y);
  const parts = ends.map((at, i) => {
    const values = curves.map(([series, curve]) =>
      valueOf(curve, at) + (i === 0 ? ` (${series})` : "")
    );
    const last = values.pop();
    const list = values.length === 0 ? last : `${values.join(", ")} and ${last}`;
    return `${list} with ${formatCount(at)}${i === 0 ? ` ${x}` : ""}`;
  });
  return `${words} comes to ${parts.join(", ")}.`;
}

/** Where a curve of shares has risen to one half. */
function halfOf(curve: readonly StoredPoint[]): number | null {
  const ascending = curve.toSorted((a, b) => a.x - b.x);
  return ascending.find(({ y }) => y >= 50)?.x ?? null;
}
