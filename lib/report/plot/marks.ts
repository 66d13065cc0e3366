import { keepPoints } from "./series.ts";
import type { Mark } from "./plotter.ts";

/** What a drawing gives to a mark that draws itself. */
interface MarkScales {
  readonly x?: (value: number) => number;
  readonly y?: (value: number) => number;
}
interface MarkFrame {
  readonly width: number;
  readonly marginRight: number;
}
interface MarkContext {
  readonly document: {
    createElementNS(namespace: string, name: string): MarkElement;
  };
}
interface MarkElement {
  textContent: string | null;
  setAttribute(name: string, value: string): void;
  append(child: MarkElement): void;
}

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function createElement(
  { document }: MarkContext,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): MarkElement {
  const element = document.createElementNS(SVG_NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** A mark that draws itself; the library's declaration asks for DOM types. */
function createMark(
  render: (scales: MarkScales, frame: MarkFrame, context: MarkContext) => MarkElement,
): Mark {
  const mark = (
    _index: unknown,
    scales: MarkScales,
    _channels: unknown,
    frame: MarkFrame,
    context: MarkContext,
  ) => render(scales, frame, context);
  return mark as unknown as Mark;
}

/** How points look. */
export interface PointStyle {
  readonly color: string;
  readonly shape: "dot" | "cross";
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
      path += style.shape === "dot"
        ? `M${left.toFixed(1)},${top.toFixed(1)}h0`
        : `M${(left - arm).toFixed(1)},${(top - arm).toFixed(1)}l${2 * arm},${2 * arm}` +
          `m0,${-2 * arm}l${-2 * arm},${2 * arm}`;
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

/** An entry of a legend. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  readonly shape: "line" | "area" | "dot" | "ring" | "cross" | "dash";
}

/** Width of a letter of 12 px, on average, in the widest of the fonts that a system may have. */
const LETTER_PX = 7;
const WIDE_LETTER_EXTRA_PX = 4;
/** The height at which the library writes the title of the vertical axis. */
const LEGEND_TOP_PX = 9;
const SWATCH_PX = 18;
const GAP_PX = 14;

/** A second row, where the title of the axis leaves no room beside it. */
const LEGEND_ROW_PX = 16;
/** Of the drawing, what the longest title of an axis leaves. */
const LEGEND_SHARE = 0.55;

/**
 * A legend in one row above the frame, right-aligned: part of the drawing, so
 * that the saved SVG is complete alone. A long one stands below the title of the axis.
 */
export function createLegend(entries: readonly LegendEntry[]): Mark {
  return createMark((_scales, frame, context) => {
    const group = createElement(context, "g", { "aria-label": "legend", "text-anchor": "start" });
    const widths = entries.map(({ label }) => SWATCH_PX + widthOf(label) + GAP_PX);
    const wholeWidth = widths.reduce((sum, width) => sum + width, 0);
    let left = frame.width - frame.marginRight + GAP_PX - wholeWidth;
    const isLong = wholeWidth > LEGEND_SHARE * frame.width;
    const top = LEGEND_TOP_PX + (isLong ? LEGEND_ROW_PX : 0);
    for (const [i, { label, color, shape }] of entries.entries()) {
      group.append(createElement(context, "path", swatch(shape, color, left, top)));
      const text = createElement(context, "text", {
        x: left + SWATCH_PX,
        y: top,
        dy: "0.35em",
        fill: "currentColor",
      });
      text.textContent = label;
      group.append(text);
      left += widths[i];
    }
    return group;
  });
}

function widthOf(label: string): number {
  const wideLetters = label.match(/[mwMW]/g)?.length ?? 0;
  return label.length * LETTER_PX + wideLetters * WIDE_LETTER_EXTRA_PX;
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
      return { ...line, d: `M${left},${top}h13` };
    case "dash":
      return { ...line, "stroke-width": 1.2, d: `M${left},${top}h13`, "stroke-dasharray": "4,3" };
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
      return { ...line, "stroke-width": 1.4, d: `M${left + 5},${top - 3}l6,6m0,-6l-6,6` };
  }
}
