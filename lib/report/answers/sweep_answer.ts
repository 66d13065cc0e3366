import { deriveRunStanding, type RunStanding } from "../../analyze/experiment_verdict.ts";
import { deriveKnee, isRateKept } from "../../analyze/knee.ts";
import type { Summary } from "../../analyze/summary.ts";
import type { SweepDeclaration } from "../../model/answer.ts";
import { type Html, html } from "../page/html.ts";
import { formatCount, formatNumber, formatShare, UNKNOWN } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";
import type { RunManifest } from "../../store/schema/manifest.ts";
import type { Answer } from "./answer.ts";
import {
  chooseSweptPercentiles,
  renderSweepFigure,
  SWEEP_MEASURES,
  type SweepMeasure,
} from "./sweep_figure.ts";
import { deriveSweepSeries, listLeftOut, type SweepPoint } from "./sweep_group.ts";

interface SweptRun {
  readonly x: number;
  /** `null` where it cannot be told, or is not asked for. */
  readonly isKept: boolean | null;
  readonly standing: RunStanding;
  readonly summary: Summary;
}

/** Creates the answer of a sweep: the declared measures of its runs against one of their parameters. */
export function createSweepAnswer(sweep: SweepDeclaration): Answer {
  const runs: SweptRun[] = [];
  const measures = sweep.figures.map((figure) => SWEEP_MEASURES[figure]);
  const pointsOf = (measure: SweepMeasure): SweepPoint[] =>
    runs.map(({ x, standing, summary }) => ({
      x,
      standing,
      quantiles: measure.quantilesOf(summary),
    }));
  const isEmpty = () =>
    measures.length === 0 || runs.every(({ summary }) => summary.slowdown.observations === 0);
  return {
    add({ run: { manifest }, summary }) {
      const standing = deriveRunStanding(manifest);
      runs.push({
        x: Number(manifest.parameters[sweep.parameter]),
        isKept: judgeRate(sweep, manifest, summary),
        standing: standing.isCounted && summary.slowdown.observations === 0
          ? { isCounted: false, word: "nothing measured" }
          : standing,
        summary,
      });
    },
    render(plotter) {
      if (isEmpty()) return [];
      return measures.map((measure) =>
        renderSweepFigure(pointsOf(measure), measure, sweep, plotter)
      );
    },
    renderText: () => renderKnee(runs, sweep),
    renderTable() {
      if (isEmpty() || new Set(runs.map(({ x }) => x)).size === runs.length) return null;
      return renderSweepTable(
        measures.map((measure) => ({ measure, points: pointsOf(measure) })),
        sweep,
      );
    },
  };
}

/** Whether a run kept its rate, where that is part of the answer and the generator was in time. */
function judgeRate(
  { knee }: SweepDeclaration,
  { status, options, verdict }: RunManifest,
  summary: Summary,
): boolean | null {
  const limit = knee === undefined ? undefined : Object(options)[knee.slowdownOption];
  const isWhole = status === "finished" || status === "overloaded";
  if (typeof limit !== "number" || !isWhole || verdict?.verdict === "GENERATOR-LIMITED") {
    return null;
  }
  return isRateKept({ isOverloaded: status === "overloaded", summary }, limit);
}

/** Says between which rates the platform stops keeping up. */
function renderKnee(runs: readonly SweptRun[], { knee, unit }: SweepDeclaration): Html | null {
  if (knee === undefined) return null;
  const tried = runs.flatMap(({ x, isKept }) => isKept === null ? [] : [{ ratePerS: x, isKept }]);
  if (tried.length === 0) return null;
  const { keptPerS, lostPerS } = deriveKnee(tried);
  const [kept, lost] = [keptPerS, lostPerS].map((rate) => `${formatNumber(rate)} ${unit}`);
  const sentence = keptPerS === null
    ? `The platform kept none of the rates, not even ${lost}.`
    : lostPerS === null
    ? `The platform kept every rate, up to ${kept}; where it no longer does is not known.`
    : `The platform kept up to ${kept}, and no longer ${lost}: the knee lies between them.`;
  return html`<p><strong>${sentence}</strong></p>`;
}

/** A measure and what the runs of a sweep came to in it. */
interface MeasuredPoints {
  readonly measure: SweepMeasure;
  readonly points: readonly SweepPoint[];
}

/** Renders the medians over the repetitions of a sweep, what they rest on, and what is left out. */
function renderSweepTable(
  measured: readonly MeasuredPoints[],
  sweep: SweepDeclaration,
): Html {
  const [{ points }] = measured;
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const leftOut = new Map(listLeftOut(points, xs).map((entry) => [entry.x, entry]));
  const columns: ReportColumn<number>[] = [
    { heading: sweep.axis, cell: (at) => formatNumber(xs[at]) },
    { heading: "runs", cell: (at) => formatCount(points.filter(({ x }) => x === xs[at]).length) },
    {
      heading: "left out",
      isText: true,
      cell: (at) => {
        const entry = leftOut.get(xs[at]);
        return entry === undefined ? "none" : `${formatCount(entry.runs)}: ${entry.reason}`;
      },
    },
    ...measured.flatMap(createMeasureColumns),
  ];
  return html`
    ${renderTable(columns, xs.map((_, at) => at))}
    <p class="small">Medians over the runs that count: those that came to their end and whose
    generator kept its schedule. n is the number of them with enough invocations for the percentile.
    The interval lies between two of the runs and covers the true median with the probability below it;
    with fewer than 6 runs, for which none covers it with 95 %, their range stands there.</p>
  `;

  function createMeasureColumns({ measure, points }: MeasuredPoints): ReportColumn<number>[] {
    const unit = measure.unit.trim() || undefined;
    return chooseSweptPercentiles(points).flatMap((percentile) => {
      const { groups } = deriveSweepSeries(points, xs, percentile);
      const group = `${measure.title.toLowerCase()} ${percentile}`;
      return [
        { group, heading: "n", cell: (at: number) => formatCount(groups[at].count) },
        {
          group,
          heading: "median",
          unit,
          cell: (at: number) => formatNumber(groups[at].summary?.median ?? null),
        },
        {
          group,
          heading: "interval",
          unit,
          cell: (at: number) => {
            const { summary } = groups[at];
            if (summary === null) return UNKNOWN;
            const { low, high, coverage } = summary;
            const text = `${formatNumber(low)} to ${formatNumber(high)}`;
            return html`${text}<br><small>${
              coverage === null ? "range" : formatShare(coverage)
            }</small>`;
          },
        },
      ];
    });
  }
}
