import type { Figure } from "../plot/figure.ts";
import { FIGURE_FOLDER, fileOf } from "../plot/figure_file.ts";
import { Html, html, NOTHING } from "./html.ts";

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
        </figure>
      `
    )}
    </div>
  `;
}
