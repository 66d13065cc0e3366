import type { DivergenceMetric } from "../../analyze/divergence.ts";
import type { TwinAnalysis } from "../../analyze/twin/twin_analysis.ts";
import type { Figure } from "../plot/figure.ts";
import { renderFigures } from "../page/figure_section.ts";
import { type Html, html } from "../page/html.ts";
import { formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";

/** A difference above this is marked. */
const MARKED_ABOVE = 0.1;

/** Renders what a run's twin came to, beside the run. */
export function renderTwinSection(
  { divergence, notes }: TwinAnalysis,
  figures: readonly Figure[],
): Html {
  const far = divergence.filter(isMarked).length;
  return html`
    <h4>Twin</h4>
    <p>The same schedule on a simulated platform, with parameters measured from the run. ${far === 0
      ? "No figure differs"
      : far === 1
      ? "One figure differs"
      : `${far} figures differ`} by more than ${formatNumber(100 * MARKED_ABOVE)} %.
    <span class="small">The twin leaves out what disturbs a machine from outside, how a kernel deals
      cores out, and the CPU of all that is no instance: see docs/method.md, “What the twin leaves
      out”.</span></p>
    ${renderFigures(figures)}
    ${renderTable<DivergenceMetric>([
      { heading: "metric", isText: true, cell: describeMetric },
      { heading: "run", cell: ({ run }) => formatNumber(run) },
      { heading: "twin", cell: ({ twin }) => formatNumber(twin) },
      { heading: "difference", cell: renderDifference },
    ], divergence)}
    <ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>
  `;
}

function isMarked({ run, twin, relativeDifference }: DivergenceMetric): boolean {
  if (relativeDifference !== null) return Math.abs(relativeDifference) > MARKED_ABOVE;
  // There is no part of nothing, yet something is far from it.
  return run !== null && twin !== null;
}

function describeMetric({ metric, unit }: DivergenceMetric): string {
  const words = metric.replaceAll("_", " ");
  return unit === null ? words : `${words} (${unit})`;
}

function renderDifference(metric: DivergenceMetric): Html | string {
  const { relativeDifference } = metric;
  const text = relativeDifference === null
    ? UNKNOWN
    : `${relativeDifference > 0 ? "+" : ""}${formatNumber(100 * relativeDifference)} %`;
  return isMarked(metric) ? html`<strong>${text}</strong>` : text;
}
