import type { Figure } from "./figure.ts";
import { Html, html, NOTHING } from "./html.ts";

/** Renders figures side by side, each with its title and caption. */
export function renderFigures(figures: readonly Figure[]): Html {
  if (figures.length === 0) return NOTHING;
  return html`
    <div class="figures">${figures.map((figure) =>
      html`
        <figure${figure.wide ? new Html(' class="wide"') : ""}>
        <h4>${figure.title}</h4>
        ${new Html(figure.svg)}
        <figcaption>${figure.caption}</figcaption>
        </figure>
      `
    )}
    </div>
  `;
}
