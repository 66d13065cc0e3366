import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  /** The numbers behind it, as a table that is folded away. */
  readonly data?: Html;
}

/** The folder of the figures, in the experiment's. */
const FIGURE_FOLDER = "figures";

/** Name of a figure's file. */
function fileOf({ name }: Figure): string {
  return `${name}.svg`;
}

/** Renders figures side by side, each with its title and caption. */
export function renderFigures(figures: readonly Figure[]): Html {
  if (figures.length === 0) return NOTHING;
  return html`
    <div class="figures">${figures.map((figure) =>
      html`
        <figure data-file="${FIGURE_FOLDER}/${fileOf(figure)}">
        <h4>${figure.title}</h4>
        ${new Html(figure.svg)}
        <figcaption>${figure.caption}</figcaption>
        ${figure.data === undefined ? NOTHING : html`
          <details class="data"><summary>Numbers</summary>${figure.data}</details>
        `}
        </figure>
      `
    )}
    </div>
  `;
}

/** Writes the figures of a report as SVG files; returns their paths. */
export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<string[]> {
  await mkdir(join(folder, FIGURE_FOLDER), { recursive: true });
  const paths: string[] = [];
  for (const figure of figures) {
    const path = join(folder, FIGURE_FOLDER, fileOf(figure));
    await writeFile(path, `<?xml version="1.0" encoding="UTF-8"?>\n${figure.svg}\n`);
    paths.push(path);
  }
  return paths;
}

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
  // A name holds no slash, so that nothing outside of the folder can be meant.
  return [...text.matchAll(/<figure data-file="figures\/([\w.-]+\.svg)">/g)].map(([, name]) =>
    name
  );
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
  const names = new Set(figures.map(fileOf));
  for (const name of before) {
    if (!names.has(name)) await rm(join(folder, FIGURE_FOLDER, name), { force: true });
  }
}
