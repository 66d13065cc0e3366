import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import type { FigureData } from "../plot/series.ts";
import { Html, html, NOTHING } from "./html.ts";

/** A figure of a report. */
export interface Figure {
  /** Name of its file, without the ending; unique in an experiment. */
  readonly name: string;
  readonly title: string;
  /** One sentence, computed from the data, that says what it shows. */
  readonly caption: string;
  /** A complete SVG document, without the XML declaration. */
  readonly svg: string;
  /** What is drawn, as numbers. */
  readonly data: FigureData;
  /** The numbers to be read beside it, as a table that is folded away. */
  readonly numbers?: Html;
}

/** The folder of the figures, beside the page of an experiment. */
const FIGURE_FOLDER = "figures";

/** Names of a figure's files: as a picture, and what it draws. */
function filesOf({ name }: Figure): { readonly svg: string; readonly csv: string } {
  return { svg: `${name}.svg`, csv: `${name}.csv` };
}

/** The data of a figure as CSV, the names of the columns first; empty where nothing is drawn. */
export function formatFigureData({ columns, rows }: FigureData): string {
  return csvFormatRows([
    [...columns],
    ...rows.map((row) => row.map((cell) => Number.isNaN(cell) ? "" : String(cell))),
  ]) + "\n";
}

/**
 * Renders figures side by side, each with its title, caption and data.
 *
 * @param folder where their files are, seen from the page
 */
export function renderFigures(figures: readonly Figure[], folder = FIGURE_FOLDER): Html {
  if (figures.length === 0) return NOTHING;
  return html`
    <div class="figures">${figures.map((figure) =>
      html`
        <figure data-file="${folder}/${filesOf(figure).svg}">
        <h4>${figure.title}</h4>
        ${new Html(figure.svg)}
        <figcaption>${figure.caption} <span class="files"><a
          href="${folder}/${filesOf(figure).csv}">Data</a>, <a
          href="${folder}/${filesOf(figure).svg}">SVG</a></span></figcaption>
        ${figure.numbers === undefined ? NOTHING : html`
          <details class="data"><summary>Numbers</summary>${figure.numbers}</details>
        `}
        </figure>
      `
    )}
    </div>
  `;
}

/**
 * Writes the figures of a page as SVG, and their data as CSV beside them; returns the paths
 * of the former.
 *
 * @param folder of the page
 * @param name of the folder of the figures in it
 */
export async function writeFigures(
  folder: string,
  figures: readonly Figure[],
  name = FIGURE_FOLDER,
): Promise<string[]> {
  await mkdir(join(folder, name), { recursive: true });
  const paths: string[] = [];
  for (const figure of figures) {
    const { svg, csv } = filesOf(figure);
    const path = join(folder, name, svg);
    await writeFile(path, `<?xml version="1.0" encoding="UTF-8"?>\n${figure.svg}\n`);
    await writeFile(join(folder, name, csv), formatFigureData(figure.data));
    // A picture of an earlier one is not of this.
    await rm(path.replace(/svg$/, "png"), { force: true });
    paths.push(path);
  }
  return paths;
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
  const names = new Set(figures.map((figure) => filesOf(figure).svg));
  for (const name of before) {
    if (names.has(name)) continue;
    for (const file of ["svg", "csv", "png"].map((end) => name.replace(/svg$/, end))) {
      await rm(join(folder, FIGURE_FOLDER, file), { force: true });
    }
  }
}
