import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import { renderCommand } from "../page/experiment_sections.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { type FigureFormats, PLAIN_FORMATS } from "../page/figure_formats.ts";
import { html } from "../page/html.ts";
import { formatCount, formatNoun } from "../page/number_format.ts";
import { renderPage } from "../page/page.ts";
import type { Plotter } from "../plot/plotter.ts";
import { renderDispersionFigure } from "./dispersion_figure.ts";
import {
  renderMemoryFigure,
  renderRateFigure,
  renderRuntimeFigure,
} from "./distribution_figures.ts";
import { renderTimerFigure } from "./timer_figure.ts";
import { renderTopShareFigure } from "./top_share_figure.ts";
import { renderTraceLoadFigures } from "./trace_load_figures.ts";
import { renderDaySection, renderRemarkSection, renderTraceSection } from "./trace_sections.ts";

/** The page of a trace, and its figures. */
export interface RenderedTrace {
  readonly page: string;
  readonly figures: readonly Figure[];
}

/**
 * Renders what the doctor found in a trace as one page that needs nothing beside
 * itself. The same diagnosis makes the same bytes.
 *
 * @param command that made it, to be repeated
 * @param figureFolder where the figures are put as files, seen from the page
 * @param formats the files that it links to
 */
export function renderTracePage(
  diagnosis: TraceDiagnosis,
  command: readonly string[],
  plotter: Plotter,
  figureFolder = "figures",
  formats: FigureFormats = PLAIN_FORMATS,
): RenderedTrace {
  const { trace, totals } = diagnosis;
  const figures = renderTraceFigures(diagnosis, plotter).map((figure) => ({ ...figure, formats }));
  const page = renderPage(
    `Trace ${trace.name}`,
    html`
      <header>
        <h1>${trace.name}</h1>
        <p
          class="small">A trace of ${formatNoun(totals.functions, "function")} and ${formatCount(
            totals.invocations,
          )} invocations.</p>
      </header>
      ${renderTraceSection(diagnosis)}
      ${renderRemarkSection(diagnosis)}
      <section id="figures"><h2>Figures</h2>${renderFigures(figures, figureFolder)}</section>
      ${renderDaySection(diagnosis)}
      <section id="repeat">
        <h2>How to repeat it</h2>
        ${renderCommand(command)}
      </section>
    `,
  );
  return { page, figures };
}

/** Renders what is drawn of a trace. */
export function renderTraceFigures(diagnosis: TraceDiagnosis, plotter: Plotter): Figure[] {
  return [
    ...renderTraceLoadFigures(diagnosis, plotter),
    renderRateFigure(diagnosis, plotter),
    renderTopShareFigure(diagnosis, plotter),
    renderRuntimeFigure(diagnosis, plotter),
    renderMemoryFigure(diagnosis, plotter),
    renderDispersionFigure(diagnosis, plotter),
    renderTimerFigure(diagnosis, plotter),
  ].filter((figure): figure is Figure => figure !== null);
}
