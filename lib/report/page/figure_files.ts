import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { paperStyleOf } from "../plot/figure_style.ts";
import { createPdfWriter } from "../plot/pdf_writer.ts";
import { createPlotter, type Plotter } from "../plot/plotter.ts";
import { createRasterizer } from "../plot/rasterizer.ts";
import { type Figure, FIGURE_FOLDER, formatFigureData } from "./figure.ts";
import { FIGURE_FILES, type FigureFormats, pathOf, PLAIN_FORMATS } from "./figure_formats.ts";

/** Dots of a picture for paper to an inch, as publishers ask for at the least. */
const PAPER_DPI = 300;

/** What is made of figures beside their pages. */
export interface FigureWish {
  readonly formats: FigureFormats;
  /** Draws the same figures by another plotter. */
  redraw(plotter: Plotter): readonly Figure[];
}

/**
 * Writes the figures of a page: each as SVG and its data as CSV, and in the further formats
 * that are asked for. Files of an earlier figure that are not made now are removed. Returns
 * the paths of the SVG files.
 *
 * @param folder of the page
 * @param name of the folder of the figures in it
 * @throws LoaderError `result` when one cannot be made
 */
export async function writeFigures(
  folder: string,
  figures: readonly Figure[],
  { formats, redraw }: FigureWish = { formats: PLAIN_FORMATS, redraw: () => [] },
  name = FIGURE_FOLDER,
): Promise<string[]> {
  const root = join(folder, name);
  for (const figure of figures) {
    for (const file of FIGURE_FILES.filter(({ isMade }) => !isMade(formats))) {
      await rm(join(root, pathOf(file, figure.name)), { force: true });
    }
    await put(join(root, `${figure.name}.svg`), documentOf(figure));
    await put(join(root, `${figure.name}.csv`), formatFigureData(figure.data));
  }
  const { pngScale, paperWidthMm } = formats;
  if (pngScale !== null) await writePictures(root, figures, pngScale);
  if (paperWidthMm !== null) await writeForPaper(root, redraw, paperWidthMm, pngScale !== null);
  return figures.map((figure) => join(root, `${figure.name}.svg`));
}

async function writeForPaper(
  root: string,
  redraw: FigureWish["redraw"],
  widthMm: number,
  hasPictures: boolean,
): Promise<void> {
  const folder = join(root, "paper");
  const figures = redraw(await createPlotter(paperStyleOf(widthMm)));
  const writer = await createPdfWriter();
  for (const figure of figures) {
    await put(join(folder, `${figure.name}.svg`), documentOf(figure));
    await put(join(folder, `${figure.name}.pdf`), await writer.draw(figure.svg));
  }
  if (!hasPictures) return;
  // The rasterizer takes a millimetre for 96 pixels an inch, as browsers do.
  await writePictures(folder, figures, PAPER_DPI / 96);
}

async function writePictures(
  folder: string,
  figures: readonly Figure[],
  scale: number,
): Promise<void> {
  const rasterizer = await createRasterizer();
  for (const figure of figures) {
    await put(join(folder, `${figure.name}.png`), rasterizer.draw(figure.svg, scale));
  }
}

function documentOf({ svg }: Figure): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  } catch (cause) {
    throw new LoaderError("result", "The figure cannot be written.", { file: path, cause });
  }
}

/** Paths of the figures in the answer of a report, seen from it, as its text names them. */
export function listAnswerFigures(report: string): string[] {
  const [, after = ""] = report.split('<section id="answer">', 2);
  return [...after.split("</section>", 1)[0].matchAll(DATA_FILE)].map(([, name]) =>
    `${FIGURE_FOLDER}/${name}`
  );
}

// A name holds no slash, so that nothing outside of the folder can be meant.
const DATA_FILE = /<figure data-file="figures\/([\w.-]+\.svg)">/g;

/**
 * Lists the files of the figures that the page of an earlier report shows.
 *
 * @param page path of the earlier report, which need not be there
 */
export async function listFiguresOf(page: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(page, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return [...text.matchAll(DATA_FILE)].map(([, name]) => name);
}

/**
 * Removes the files of an earlier report's figures that the report has no longer, and no
 * others: what a user put beside them stays.
 *
 * @param before names of the files that the earlier page showed
 */
export async function removeOldFigures(
  folder: string,
  before: readonly string[],
  figures: readonly Figure[],
): Promise<void> {
  const names = new Set(figures.map(({ name }) => name));
  for (const name of before.map((file) => file.replace(/\.svg$/, ""))) {
    if (names.has(name)) continue;
    for (const file of FIGURE_FILES) {
      await rm(join(folder, FIGURE_FOLDER, pathOf(file, name)), { force: true });
    }
  }
}
