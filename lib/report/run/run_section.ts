import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import { renderArrivalsFigure, renderConcurrencyFigure } from "./load_figures.ts";
import { renderAutoscalerFigure } from "./autoscaler_figure.ts";
import { renderColdStartFigure, renderInstancesFigure } from "./instance_figures.ts";
import { renderColdStartPartsFigure } from "./cold_start_parts.ts";
import { renderDispatchLagFigure } from "./dispatch_lag_figure.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { Html, html, NOTHING } from "../page/html.ts";
import { renderMinuteTable } from "./run_table.ts";
import { formatCount, formatNoun, formatNumber, formatSpan } from "../page/number_format.ts";
import type { Plotter } from "../plot/plotter.ts";
import { renderResponseTimeFigure } from "./response_time_figure.ts";
import { anchorOf, renderVerdictWord } from "./verdict_section.ts";

/** Renders the figures of one run, their names begun with the run's. */
export function renderRunFigures(analysis: RunAnalysis, plotter: Plotter): Figure[] {
  const prefix = analysis.run.manifest.name.replace(/[^A-Za-z0-9_-]/g, "-");
  return [
    renderArrivalsFigure(analysis, plotter),
    renderResponseTimeFigure(analysis, plotter),
    renderConcurrencyFigure(analysis, plotter),
    renderInstancesFigure(analysis, plotter),
    renderColdStartFigure(analysis, plotter),
    renderColdStartPartsFigure(analysis, plotter),
    renderDispatchLagFigure(analysis, plotter),
    renderAutoscalerFigure(analysis, plotter),
  ]
    .filter((figure) => figure !== null)
    .map((figure) => ({ ...figure, name: `${prefix}.${figure.name}` }));
}

/** Renders one run: a line to fold out, its figures, its twin (if it has one) and its minutes. */
export function renderRunSection(
  analysis: RunAnalysis,
  figures: readonly Figure[],
  twin: Html,
  isOpen: boolean,
): Html {
  const { run, summary, warmupInvocations, minutes } = analysis;
  const { manifest } = run;
  const recorded = summary.invocations + warmupInvocations;
  return html`
    <details id="${anchorOf(manifest.name)}" class="run" ${new Html(isOpen ? " open" : "")}>
    <summary><strong>${manifest.name}</strong> ${renderVerdictWord(
      manifest.verdict?.verdict ?? null,
    )} <span class="small">${formatCount(recorded)} of ${formatNoun(
      manifest.plan.invocations,
      "planned invocation",
    )} recorded (${formatCount(warmupInvocations)} in warm-up), ${formatNoun(
      manifest.plan.functions,
      "function",
    )}, ${formatSpan(manifest.plan.durationMs)}, mean ${formatNumber(
      manifest.plan.meanRatePerS,
    )} per second${manifest.status === "finished" ? "" : `, ${manifest.status}`}</span></summary>
    ${manifest.notes.length === 0
      ? NOTHING
      : html`<ul class="notes">${manifest.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
    ${recorded === 0
      ? html`<p>No invocation of this run was recorded.</p>`
      : html`${renderFigures(figures)}${twin}
<details><summary>Minutes (warm-up included)</summary>${renderMinuteTable(minutes)}</details>`}
    </details>
  `;
}
