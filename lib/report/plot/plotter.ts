import type * as Plot from "@observablehq/plot";
import { escapeXml } from "./xml.ts";
import { dashLines } from "./dashes.ts";
import { type FigureStyle, SCREEN_STYLE, type Size, sizeIn, TEXT_PX } from "./figure_style.ts";
import { type Axes, renderHits } from "./hits.ts";
import { extraLegendPx } from "./legend_layout.ts";
import { type DataColumns, dataOf, type FigureData, joinData, listPoints } from "./series.ts";

export type { Mark } from "./series.ts";

export { DARK_PALETTE, PALETTE } from "./palette.ts";

/** What to draw. */
export interface Drawing extends Plot.PlotOptions {
  /** Said by readers of the screen, and the title of the SVG. */
  readonly title: string;
  /** On a screen, in pixels; see {@linkcode Plotter.widthOf}. */
  readonly width: number;
  readonly height: number;
  /** Names of what is drawn along the axes, in the data of the figure. */
  readonly columns: DataColumns;
}

/** What was drawn. */
export interface Drawn {
  /** A complete SVG element that needs nothing beside itself. */
  readonly svg: string;
  /** The points of its marks that are named as series; see `nameSeries`. */
  readonly data: FigureData;
}

/** Room around the frame: the legend and the vertical axis's title above it. */
const MARGINS = { marginTop: 40, marginRight: 18, marginBottom: 40, marginLeft: 52 } as const;

/** Draws SVG without a browser. */
export interface Plotter {
  /** Makers of marks. */
  readonly plot: typeof Plot;
  /** The width that a drawing of this width has in the plotter's style. */
  widthOf(screenWidth: number): number;
  /** Draws a complete SVG element, and tells what it drew. */
  draw(drawing: Drawing): Drawn;
  /** Draws panels of equal width one above the other, as one SVG element. */
  drawStack(title: string, panels: readonly Drawing[]): Drawn;
}

/** What the library makes: an element, and where it places values. */
interface Plotted {
  readonly outerHTML: string;
  scale(name: "x" | "y"): { apply(value: unknown): number; bandwidth?: number } | undefined;
  querySelectorAll(selector: string): Iterable<SvgElement>;
}

interface SvgElement {
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
}

/**
 * Creates a plotter. The plotting library and its document are loaded here,
 * so that a program that draws nothing does not pay for them.
 *
 * @param style what the figures are for
 */
export async function createPlotter(style: FigureStyle = SCREEN_STYLE): Promise<Plotter> {
  const [plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  // linkedom does not declare its document as that of the DOM, yet it has all that is used here.
  const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
    document: Plot.PlotOptions["document"];
  };
  const drawPanel = ({ title, columns, ...given }: Drawing): Panel => {
    const options = { ...MARGINS, ...given };
    const marks = options.marks ?? [];
    const { width, height } = sizeIn(style, options, options.marginTop + options.marginBottom);
    const legendPx = extraLegendPx(marks, width - options.marginRight);
    const element = plot.plot({
      className: "figure",
      ariaLabel: title,
      style: {
        fontSize: `${TEXT_PX}px`,
        fontFamily: style.fontFamily,
        color: style.textColor,
      },
      ...options,
      width,
      height: height + legendPx,
      marginTop: options.marginTop + legendPx,
      document,
    }) as unknown as Plotted;
    dashLines(element);
    const points = listPoints(marks);
    const hits = style.medium === "paper" ? "" : renderHits(points, columns, axesOf(element));
    return {
      svg: completeSvg(element.outerHTML, title, hits),
      size: { width, height: height + legendPx },
      data: dataOf(points, columns),
    };
  };
  const draw = (drawing: Drawing): Drawn => {
    const { svg, size, data } = drawPanel(drawing);
    return { svg: measure(svg, size, style), data };
  };
  return {
    plot,
    widthOf: (screenWidth) => style.widthPx ?? screenWidth,
    draw,
    drawStack(title, panels) {
      let height = 0;
      let body = "";
      const drawn = panels.map(drawPanel);
      for (const { svg, size } of drawn) {
        body += svg.replace(/^<svg /, `<svg y="${height}" `);
        height += size.height;
      }
      const { width } = drawn[0].size;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" ` +
        `height="${height}" viewBox="0 0 ${width} ${height}"><title>${escapeXml(title)}</title>` +
        `${body}</svg>`;
      return {
        svg: measure(svg, { width, height }, style),
        data: joinData(drawn.map(({ data }) => data)),
      };
    },
  };
}

interface Panel extends Drawn {
  readonly size: Size;
}

/** Places values as the library does, the names of a scale of bands at the middle of theirs. */
function axesOf(element: Plotted): Axes {
  const along = (name: "x" | "y") => {
    const scale = element.scale(name);
    return (value: number | string) =>
      scale === undefined ? NaN : scale.apply(value) + (scale.bandwidth ?? 0) / 2;
  };
  return { x: along("x"), y: along("y") };
}

/** Gives a document its lengths in the unit of its style. */
function measure(svg: string, { width, height }: Size, { unit }: FigureStyle): string {
  if (unit.name === "px") return svg;
  const lengthOf = (px: number) => `${(px * unit.perPx).toFixed(2)}${unit.name}`;
  return svg.replace(
    /^<svg[^>]*>/,
    (tag) =>
      tag.replace(/ width="[^"]*"/, ` width="${lengthOf(width)}"`)
        .replace(/ height="[^"]*"/, ` height="${lengthOf(height)}"`),
  );
}

function completeSvg(svg: string, title: string, hits: string): string {
  return svg
    // A hundredth of a pixel is enough; it halves the size of a page.
    .replace(/<[^>]+>/g, (tag) => tag.replace(/(\.\d{2})\d+/g, "$1"))
    .replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" role="img" ')
    .replace(/^<svg[^>]*>/, (tag) => `${tag}<title>${escapeXml(title)}</title>`)
    .replace(/<\/svg>$/, `${hits}</svg>`);
}
