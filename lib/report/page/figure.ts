// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import type { FigureData } from "../plot/series.ts";
import { FIGURE_FILES, type FigureFormats, pathOf, PLAIN_FORMATS } from "./figure_formats.ts";
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
  /** What its page links to; absent: SVG and CSV. */
  readonly formats?: FigureFormats;
}

/** The folder of the figures, beside the page of an experiment. */
export const FIGURE_FOLDER = "figures";

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
        <figure data-file="${folder}/${figure.name}.svg">
        <h4>${figure.title}</h4>
        ${new Html(figure.svg)}
        <figcaption>${figure.caption} ${renderFileLinks(figure, folder)}</figcaption>
        ${figure.numbers === undefined ? NOTHING : html`
          <details class="data"><summary>Numbers</summary>${figure.numbers}</details>
        `}
        </figure>
      `
    )}
    </div>
  `;
}

function renderFileLinks({ name, formats = PLAIN_FORMATS }: Figure, folder: string): Html {
  const made = FIGURE_FILES.filter(({ isMade }) => isMade(formats));
  return html`<span class="files">${
    made.map((file, i) =>
      html`${i === 0 ? "" : ", "}<a href="${folder}/${pathOf(file, name)}">${file.label}</a>`
    )
  }</span>`;
}
