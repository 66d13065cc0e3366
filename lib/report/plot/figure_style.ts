import { FONT_FAMILY, PAPER_FAMILY } from "./fonts.ts";

/** Points of print to a millimetre, and pixels of a screen. */
const PT_PER_MM = 72 / 25.4;

/** The height of the text in a drawing, in its own pixels. */
export const TEXT_PX = 12;

/** The same text on paper, as captions and axes of papers have it. */
const PAPER_TEXT_PT = 8;

/** Pixels of a drawing to a millimetre of paper. */
const PAPER_PX_PER_MM = TEXT_PX / PAPER_TEXT_PT * PT_PER_MM;

/** Widths of columns that publishers of the field ask for, in millimetres. */
export const FIGURE_WIDTHS_MM = { "one-column": 84, "two-column": 178 } as const;

/** What figures are drawn for. */
export interface FigureStyle {
  readonly medium: "screen" | "paper";
  /** Of each figure, in pixels of its drawing; `null`: as wide as the figure asks for. */
  readonly widthPx: number | null;
  readonly fontFamily: string;
  readonly textColor: string;
  /** Lengths of the document to a pixel of the drawing, and their unit. */
  readonly unit: { readonly name: "px" | "mm"; readonly perPx: number };
}

/** For pages: each figure in its own size, values told where the pointer is. */
export const SCREEN_STYLE: FigureStyle = {
  medium: "screen",
  widthPx: null,
  fontFamily: "system-ui, sans-serif",
  textColor: "#3d444d",
  unit: { name: "px", perPx: 1 },
};

/**
 * For a paper: every figure as wide as its column, text of 8 pt (7 pt at the least), in the
 * font that its PDF embeds.
 *
 * @param widthMm width of the column
 */
export function paperStyleOf(widthMm: number): FigureStyle {
  return {
    medium: "paper",
    widthPx: widthMm * PAPER_PX_PER_MM,
    fontFamily: `${PAPER_FAMILY}, ${FONT_FAMILY}, sans-serif`,
    textColor: "#000",
    unit: { name: "mm", perPx: 1 / PAPER_PX_PER_MM },
  };
}

/** Between these a figure's height follows its width. */
const LEAST_HEIGHT_SHARE = 0.8;
const MOST_HEIGHT_SHARE = 1.15;

/** The size of a drawing, in its pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a figure in a style, in pixels of the drawing.
 *
 * @param size on a screen
 * @param marginsPx what stands above and below its frame, and does not shrink
 */
export function sizeIn({ widthPx }: FigureStyle, { width, height }: Size, marginsPx: number): Size {
  if (widthPx === null) return { width, height };
  const share = Math.min(MOST_HEIGHT_SHARE, Math.max(LEAST_HEIGHT_SHARE, widthPx / width));
  return {
    width: Number(widthPx.toFixed(2)),
    height: Math.round(marginsPx + (height - marginsPx) * share),
  };
}
