import { keepLegend, layOutLegend, type LegendEntry } from "./legend_layout.ts";
import { createElement, createMark } from "./own_mark.ts";
import { DASHES } from "./palette.ts";
import { symbolPath } from "./point_symbol.ts";
import { keepPoints, type Mark } from "./series.ts";

export type { LegendEntry } from "./legend_layout.ts";

/** How points look. */
export interface PointStyle {
  readonly color: string;
  readonly shape: "dot" | "cross" | "plus";
  readonly size: number;
  readonly opacity: number;
}

/**
 * A cloud of points as one path: a tenth of the bytes of an element a point.
 *
 * @param points pairs of (x, y) in the units of the scales
 */
export function createPointCloud(
  points: readonly (readonly [number, number])[],
  style: PointStyle,
): Mark {
  const mark = createMark((scales, _frame, context) => {
    let path = "";
    const arm = style.size / 2;
    for (const [x, y] of points) {
      const left = scales.x?.(x) ?? 0;
      const top = scales.y?.(y) ?? 0;
      path += pathOf(style.shape, left, top, arm);
    }
    return createElement(context, "path", {
      d: path,
      fill: "none",
      stroke: style.color,
      "stroke-opacity": style.opacity,
      "stroke-width": style.shape === "dot" ? style.size : 1.2,
      "stroke-linecap": "round",
    });
  });
  return keepPoints(mark, points);
}

function pathOf(shape: PointStyle["shape"], x: number, y: number, arm: number): string {
  const at = (dx: number, dy: number) => `M${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`;
  const length = 2 * arm;
  switch (shape) {
    case "dot":
      return `${at(0, 0)}h0`;
    case "cross":
      return `${at(-arm, -arm)}l${length},${length}m0,${-length}l${-length},${length}`;
    case "plus":
      return `${at(-arm, 0)}h${length}${at(0, -arm)}v${length}`;
  }
}

/**
 * A legend above the frame, right-aligned: part of the drawing, so that the saved SVG is
 * complete alone. A long one stands below the title of the axis, in as many rows as it needs.
 */
export function createLegend(entries: readonly LegendEntry[]): Mark {
  const mark = createMark((_scales, frame, context) => {
    const group = createElement(context, "g", { "aria-label": "legend", "text-anchor": "start" });
    const placed = layOutLegend(entries, frame.width - frame.marginRight).entries;
    for (const { label, color, shape, left, top, textLeft } of placed) {
      group.append(createElement(context, "path", swatch(shape, color, left, top)));
      const text = createElement(context, "text", {
        x: textLeft,
        y: top,
        dy: "0.35em",
        fill: "currentColor",
      });
      text.textContent = label;
      group.append(text);
    }
    return group;
  });
  return keepLegend(mark, entries);
}

function swatch(
  shape: LegendEntry["shape"],
  color: string,
  left: number,
  top: number,
): Readonly<Record<string, string | number>> {
  const line = { fill: "none", stroke: color, "stroke-width": 2 };
  switch (shape) {
    case "line":
      return { ...line, d: `M${left},${top}h15`, "stroke-dasharray": DASHES[color] ?? "none" };
    case "dash":
      return { ...line, "stroke-width": 1.2, d: `M${left},${top}h15`, "stroke-dasharray": "4,3" };
    case "area":
      return { fill: color, d: `M${left},${top - 5}h12v10h-12z` };
    case "dot":
      return { ...line, "stroke-width": 7, "stroke-linecap": "round", d: `M${left + 8},${top}h0` };
    case "ring":
      return {
        ...line,
        "stroke-width": 1.5,
        d: `M${left + 4},${top}a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z`,
      };
    case "cross":
    case "times":
      return { ...line, "stroke-width": 1.4, d: symbolPath("times", left + 8, top) };
    case "plus":
      return { ...line, "stroke-width": 1.4, d: symbolPath("plus", left + 8, top) };
    default:
      return { fill: color, d: symbolPath(shape, left + 8, top) };
  }
}
