import type * as Plot from "@observablehq/plot";
import { type DataColumns, dataOf, type FigureData, joinData } from "./series.ts";

export type { Mark } from "./series.ts";

/**
 * Colours of all figures: those of Okabe and Ito (2008, "Color Universal
 * Design"), which readers with colour-deficient vision can tell apart.
 */
export const PALETTE = {
  blue: "#0072b2",
  sky: "#7fb8d8",
  orange: "#d55e00",
  green: "#009e73",
  red: "#b3261e",
  grey: "#8a8f98",
  pale: "#d9dde3",
  shade: "#f1f3f6",
  ink: "#1f2328",
} as const;

/** What {@linkcode PALETTE} becomes on a dark page: as far from its background, and from each other. */
export const DARK_PALETTE: Readonly<Record<keyof typeof PALETTE, string>> = {
  blue: "#4ba3e3",
  sky: "#8cc3e6",
  orange: "#f0883e",
  green: "#2fbf8f",
  red: "#f2726a",
  grey: "#7d8590",
  pale: "#30363d",
  shade: "#1c2128",
  ink: "#e6edf3",
};

/** What to draw. */
export interface Drawing extends Plot.PlotOptions {
  /** Said by readers of the screen, and the title of the SVG. */
  readonly title: string;
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

/** Draws SVG without a browser. */
export interface Plotter {
  /** Makers of marks. */
  readonly plot: typeof Plot;
  /** Draws a complete SVG element, and tells what it drew. */
  draw(drawing: Drawing): Drawn;
  /** Draws panels of equal width one above the other, as one SVG element. */
  drawStack(title: string, panels: readonly Drawing[]): Drawn;
}

/**
 * Creates a plotter. The plotting library and its document are loaded here,
 * so that a program that draws nothing does not pay for them.
 */
export async function createPlotter(): Promise<Plotter> {
  const [plot, { parseHTML }] = await Promise.all([
    import("@observablehq/plot"),
    import("linkedom"),
  ]);
  // linkedom does not declare its document as that of the DOM, yet it has all that is used here.
  const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
    document: Plot.PlotOptions["document"];
  };
  const draw = ({ title, columns, ...options }: Drawing): Drawn => {
    const element = plot.plot({
      marginTop: 40,
      marginRight: 18,
      marginBottom: 40,
      marginLeft: 52,
      className: "figure",
      ariaLabel: title,
      style: { fontSize: "12px", fontFamily: "system-ui, sans-serif", color: "#3d444d" },
      ...options,
      document,
    }) as unknown as { outerHTML: string };
    return {
      svg: completeSvg(element.outerHTML, title),
      data: dataOf(options.marks ?? [], columns),
    };
  };
  return {
    plot,
    draw,
    drawStack(title, panels) {
      let height = 0;
      let body = "";
      const drawn = panels.map(draw);
      for (const [i, panel] of panels.entries()) {
        body += drawn[i].svg.replace(/^<svg /, `<svg y="${height}" `);
        height += panel.height;
      }
      const { width } = panels[0];
      return {
        svg: `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" ` +
          `height="${height}" viewBox="0 0 ${width} ${height}"><title>${
            escapeText(title)
          }</title>` +
          `${body}</svg>`,
        data: joinData(drawn.map(({ data }) => data)),
      };
    },
  };
}

function completeSvg(svg: string, title: string): string {
  return svg
    // A hundredth of a pixel is enough; it halves the size of a page.
    .replace(/<[^>]+>/g, (tag) => tag.replace(/(\.\d{2})\d+/g, "$1"))
    .replace(/^<svg /, '<svg xmlns="http://www.w3.org/2000/svg" role="img" ')
    .replace(/^<svg[^>]*>/, (tag) => `${tag}<title>${escapeText(title)}</title>`);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
