import { FIGURE_WIDTHS_MM } from "../plot/figure_style.ts";

/** Which files of each figure are made beside its SVG and its data as CSV. */
export interface FigureFormats {
  /** Pixels of a PNG to a pixel of its figure; `null`: none is made. */
  readonly pngScale: number | null;
  /** Width on paper, for which figures are drawn anew; `null`: they are for the screen alone. */
  readonly paperWidthMm: number | null;
}

/** SVG and CSV alone. */
export const PLAIN_FORMATS: FigureFormats = { pngScale: null, paperWidthMm: null };

/** A kind of files of a figure. */
export interface FigureFile {
  /** In links to it. */
  readonly label: string;
  /** Folder of it in that of the figures; empty: that one. */
  readonly folder: "" | "paper";
  readonly ending: "csv" | "svg" | "png" | "pdf";
  isMade(formats: FigureFormats): boolean;
}

/** Every kind of file that there can be of a figure. */
export const FIGURE_FILES: readonly FigureFile[] = [
  { label: "Data", folder: "", ending: "csv", isMade: () => true },
  { label: "SVG", folder: "", ending: "svg", isMade: () => true },
  { label: "PNG", folder: "", ending: "png", isMade: ({ pngScale }) => pngScale !== null },
  { label: "PDF", folder: "paper", ending: "pdf", isMade: isForPaper },
  { label: "SVG for paper", folder: "paper", ending: "svg", isMade: isForPaper },
  {
    label: "PNG for paper",
    folder: "paper",
    ending: "png",
    isMade: (formats) => isForPaper(formats) && formats.pngScale !== null,
  },
];

function isForPaper({ paperWidthMm }: FigureFormats): boolean {
  return paperWidthMm !== null;
}

/** Where a file of a figure is, seen from the folder of the figures. */
export function pathOf({ folder, ending }: FigureFile, figure: string): string {
  return `${folder === "" ? "" : `${folder}/`}${figure}.${ending}`;
}

/** A figure of a page is no wider, and nothing can be read on a narrower one. */
const LEAST_MM = 50;
const MOST_MM = 400;

/**
 * The width on paper that a text names: `84mm`, or a column's.
 *
 * @throws Error whose message completes "--figure-width: …" when it is none
 */
export function parseFigureWidthMm(text: string): number {
  const named = Object.entries(FIGURE_WIDTHS_MM).find(([name]) => name === text);
  if (named !== undefined) return named[1];
  const [, digits] = /^(\d+(?:\.\d+)?)mm$/.exec(text) ?? [];
  const widthMm = Number(digits);
  if (!(widthMm >= LEAST_MM && widthMm <= MOST_MM)) {
    throw new Error(
      `“${text}” is neither ${Object.keys(FIGURE_WIDTHS_MM).join(" nor ")} nor a width from ` +
        `${LEAST_MM}mm to ${MOST_MM}mm.`,
    );
  }
  return widthMm;
}
