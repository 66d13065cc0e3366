import type {
  ComparedCell,
  ComparedSide,
  ExperimentComparison,
} from "../../analyze/compare/compare_experiments.ts";
import type { ChangeInterval, MetricComparison } from "../../analyze/compare/compare_runs.ts";
import type { Condition, ConditionResult } from "../../analyze/compare/condition.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { type FigureFormats, PLAIN_FORMATS } from "../page/figure_formats.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatDate, formatNoun, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderPage } from "../page/page.ts";
import { renderTable } from "../page/table_section.ts";
import type { Plotter } from "../plot/plotter.ts";
import { renderChangeFigure } from "./change_figure.ts";
import { formatOf, formatValue } from "./change_format.ts";
import { renderQuantileFigures, type RunCurves } from "./quantile_figure.ts";

/** What a condition came to in a cell. */
export interface JudgedCondition {
  readonly cell: string;
  readonly condition: Condition;
  readonly result: ConditionResult;
}

/** Everything that a page of a comparison shows. */
export interface ComparisonPage {
  readonly comparison: ExperimentComparison;
  /** By cell: the curves of both sides' runs. */
  readonly curves: readonly (readonly (readonly RunCurves[])[])[];
  readonly conditions: readonly JudgedCondition[];
  readonly confidence: number;
}

/** A page, and its figures. */
export interface RenderedComparison {
  readonly page: string;
  readonly figures: readonly Figure[];
}

/**
 * Renders a comparison as a page that needs nothing beside itself.
 *
 * @param formats of the figures' files, which it links to
 */
export function renderComparison(
  content: ComparisonPage,
  plotter: Plotter,
  formats: FigureFormats = PLAIN_FORMATS,
): RenderedComparison {
  const { comparison, conditions, confidence } = content;
  const { a, b, cells, notes } = comparison;
  const figures = renderCellFigures(content, plotter)
    .map((ofCell) => ofCell.map((figure) => ({ ...figure, formats })));
  const clear = cells.flatMap(({ comparison }) => comparison.metrics).filter(({ isClear }) =>
    isClear
  );
  const page = renderPage(
    "Comparison of two experiments",
    html`
      <header>
        <h1>What differs between A and B?</h1>
        <p class="small">A: ${describe(a)}<br>B: ${describe(b)}</p>
      </header>
      <section id="verdict">
        <h2>${clear.length === 0 ? "No difference" : formatNoun(clear.length, "difference")}</h2>
        <p>${clear.length === 0
          ? "No metric differs by more than chance would explain."
          : "In these metrics B differs from A by more than chance would explain: "}${clear
            .length === 0
          ? NOTHING
          : html`<strong>${
            [...new Set(clear.map(({ words }) => words.replace(/ \(ms\)$/, "")))].join(", ")
          }</strong>.`}</p>
        ${conditions.length === 0 ? NOTHING : renderTable<JudgedCondition>([
          { heading: "fails if", isText: true, cell: ({ condition }) => condition.text },
          { heading: "runs", isText: true, cell: ({ cell }) => cell || "all" },
          { heading: "", isText: true, cell: ({ result }) => describeResult(result) },
        ], conditions)}
      </section>
      ${cells.map((cell, i) => renderCell(cell, figures[i], confidence))}
      <section id="notes">
        <h2>Notes</h2>
        <ul class="notes">
        ${notes.map((note) => html`<li>${note}</li>`)}
        </ul>
      </section>
    `,
  );
  return { page, figures: figures.flat() };
}

/** Renders what is drawn of a comparison, cell by cell. */
export function renderCellFigures(
  { comparison: { cells }, curves }: ComparisonPage,
  plotter: Plotter,
): Figure[][] {
  return cells.map((cell, i) => {
    const name = cells.length === 1 ? "compare" : `compare-${i + 1}`;
    const change = renderChangeFigure(cell, `${name}-change`, plotter);
    return [
      ...change === null ? [] : [change],
      ...renderQuantileFigures(curves[i], name, cell.label, plotter),
    ];
  });
}

function describe({ name, manifest, runs }: ComparedSide): string {
  return `${name}, ${manifest.experiment} on ${manifest.platform}, ${
    formatNoun(runs.length, "run")
  }, ` +
    `started ${formatDate(manifest.createdAt)}`;
}

function describeResult(result: ConditionResult): Html | string {
  return result === "met" ? html`<strong>met: the comparison fails</strong>` : result;
}

function renderCell(
  { label, comparison, notes }: ComparedCell,
  figures: readonly Figure[],
  confidence: number,
): Html {
  const { metrics, isPaired, runs, drawsRuns } = comparison;
  return html`
    <section><h2>${label === "" ? "Metrics" : label}</h2>
    <p class="small">${formatNoun(runs[0], "run")} of A, ${formatNoun(
      runs[1],
      "run",
    )} of B; ${isPaired
      ? "the same schedule on both sides, whose parts are drawn together"
      : "different schedules"}. ${drawsRuns
      ? "Whole runs are drawn, so that the intervals tell what differs from run to run."
      : "Parts of the runs are drawn, not whole runs: what changes a machine from one run to the " +
        "next is not in the intervals; five repetitions or more would tell."}</p>
    ${renderFigures(figures)}
    ${renderTable<MetricComparison>([
      { heading: "metric", isText: true, cell: ({ words }) => words },
      { heading: "A", cell: (metric) => formatValue(metric, metric.a) },
      { heading: "B", cell: (metric) => formatValue(metric, metric.b) },
      {
        heading: "change",
        cell: (metric) => {
          const change = metric.change === null ? UNKNOWN : formatOf(metric, metric.change);
          return metric.isClear ? html`<strong>${change}</strong>` : change;
        },
      },
      {
        heading: `${formatNumber(100 * confidence)} % interval`,
        cell: (metric) => formatInterval(metric, metric.interval),
      },
      {
        heading: "of all metrics at once",
        cell: (metric) => formatInterval(metric, metric.jointInterval),
      },
    ], metrics)}
    <ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>
    </section>
  `;
}

function formatInterval(metric: MetricComparison, interval: ChangeInterval | null): string {
  return interval === null
    ? UNKNOWN
    : `${formatOf(metric, interval.low)} to ${formatOf(metric, interval.high)}`;
}
