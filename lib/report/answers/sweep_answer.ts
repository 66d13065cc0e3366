import type { RankedQuantiles } from "../../analyze/ranked_quantiles.ts";
import { deriveRunStanding, type RunStanding } from "../../analyze/run_standing.ts";
import { type Html, html } from "../page/html.ts";
import { formatCount, formatNumber, formatShare, UNKNOWN } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";
import type { Answer } from "./answer.ts";
import {
  chooseSweptPercentiles,
  renderSweepFigure,
  RESPONSE_TIME,
  SLOWDOWN,
  type SweepMeasure,
} from "./sweep_figure.ts";
import { deriveSweepSeries, listLeftOut, type SweepPoint } from "./sweep_group.ts";
import type { SweptParameter } from "./swept_parameter.ts";

interface SweptRun {
  readonly x: number;
  readonly standing: RunStanding;
  readonly slowdown: RankedQuantiles;
  readonly responseTimeMs: RankedQuantiles;
}

/** Creates the answer of a sweep: slowdown and response time against a parameter of its runs. */
export function createSweepAnswer(parameter: SweptParameter): Answer {
  const runs: SweptRun[] = [];
  const pointsOf = (quantilesOf: (run: SweptRun) => RankedQuantiles): SweepPoint[] =>
    runs.map((run) => ({ x: run.x, standing: run.standing, quantiles: quantilesOf(run) }));
  const isEmpty = () => runs.every(({ slowdown }) => slowdown.observations === 0);
  return {
    add({ run: { manifest }, summary }) {
      const standing = deriveRunStanding(manifest);
      runs.push({
        x: Number(manifest.parameters[parameter.name]),
        standing: standing.isCounted && summary.slowdown.observations === 0
          ? { isCounted: false, word: "nothing measured" }
          : standing,
        slowdown: summary.slowdown,
        responseTimeMs: summary.responseTimeMs,
      });
    },
    render(plotter) {
      if (isEmpty()) return [];
      return [
        renderSweepFigure(pointsOf((run) => run.slowdown), SLOWDOWN, parameter, plotter),
        renderSweepFigure(pointsOf((run) => run.responseTimeMs), RESPONSE_TIME, parameter, plotter),
      ];
    },
    renderTable() {
      if (isEmpty() || new Set(runs.map(({ x }) => x)).size === runs.length) return null;
      return renderSweepTable([
        { measure: SLOWDOWN, points: pointsOf((run) => run.slowdown) },
        { measure: RESPONSE_TIME, points: pointsOf((run) => run.responseTimeMs) },
      ], parameter);
    },
  };
}

/** A measure and what the runs of a sweep came to in it. */
interface MeasuredPoints {
  readonly measure: SweepMeasure;
  readonly points: readonly SweepPoint[];
}

/** Renders the medians over the repetitions of a sweep, what they rest on, and what is left out. */
function renderSweepTable(
  measured: readonly MeasuredPoints[],
  parameter: SweptParameter,
): Html {
  const [{ points }] = measured;
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const leftOut = new Map(listLeftOut(points, xs).map((entry) => [entry.x, entry]));
  const columns: ReportColumn<number>[] = [
    { heading: parameter.axis, cell: (at) => formatNumber(xs[at]) },
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
