import { formatNumber } from "../page/number_format.ts";
import { splitColumn } from "./column_words.ts";
import type { DataColumn, DataColumns, DrawnPoint, NamedPoint } from "./series.ts";
import { escapeXml } from "./xml.ts";

/** Where a drawing places values, in its pixels; NaN where it cannot. */
export interface Axes {
  x(value: number | string): number;
  y(value: number | string): number;
}

interface Hit {
  readonly left: number;
  readonly top: number;
  readonly series: string;
  readonly x: string;
  readonly y: string;
}

/** Most points of a figure that tell their values; more would make a page large. */
const MOST_HITS = 200;

/** Points of a series that lie within one square of so many pixels are told once. */
const SQUARES_PX = [4, 8, 16, 32, 64] as const;

/**
 * Renders the places of a drawing's points, to be seen by nobody: each has a title, which
 * browsers show where the pointer rests. Scripts of a page find the values in them.
 */
export function renderHits(
  points: readonly NamedPoint[],
  columns: DataColumns,
  axes: Axes,
): string {
  const hits = thin(points.flatMap((point) => hitOf(point, columns, axes)));
  if (hits.length === 0) return "";
  const places = hits.map(({ left, top, series, x, y }) =>
    `<path d="M${left.toFixed(1)},${top.toFixed(1)}h0"><title>${
      escapeXml(`${series}: ${y}\n${x}`)
    }</title></path>`
  );
  return `<g class="hits" fill="none" stroke="currentColor" stroke-opacity="0" stroke-width="10" ` +
    `stroke-linecap="round" pointer-events="stroke">${places.join("")}</g>`;
}

function hitOf({ series, point }: NamedPoint, { x, y }: DataColumns, axes: Axes): Hit[] {
  // A piece of a line between two points, which tell themselves.
  if (point.xEnd !== undefined && point.yEnd !== undefined) return [];
  const left = middleOf(axes.x, point.x, point.xEnd);
  const top = middleOf(axes.y, point.y, point.yEnd);
  if (!Number.isFinite(left) || !Number.isFinite(top)) return [];
  return [{ left, top, series, x: textOf(x, point, "x"), y: textOf(y, point, "y") }];
}

function middleOf(
  place: (value: number | string) => number,
  from: number | string,
  until: number | string | undefined,
): number {
  return until === undefined ? place(from) : (place(from) + place(until)) / 2;
}

function textOf(column: DataColumn, point: DrawnPoint, axis: "x" | "y"): string {
  const { words, unit } = splitColumn(column.name);
  const valueOf = (drawn: number | string) =>
    typeof drawn === "string" ? drawn : formatNumber(column.valueAt?.(drawn) ?? drawn);
  const until = axis === "x" ? point.xEnd : point.yEnd;
  const values = [point[axis], ...until === undefined ? [] : [until]].map(valueOf);
  return `${words} ${values.join(" to ")}${unit === "" ? "" : ` ${unit}`}`;
}

function thin(hits: readonly Hit[]): Hit[] {
  for (const squarePx of SQUARES_PX) {
    const seen = new Set<string>();
    const kept = hits.filter(({ left, top, series }) => {
      const square = `${Math.floor(left / squarePx)} ${Math.floor(top / squarePx)} ${series}`;
      return !seen.has(square) && seen.add(square);
    });
    if (kept.length <= MOST_HITS || squarePx === SQUARES_PX.at(-1)) return kept;
  }
  return [];
}
