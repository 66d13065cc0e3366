import { deriveRunStanding, type RunStanding } from "../../analyze/experiment_verdict.ts";
import { deriveKnee, isRateKept, type Knee, wasInTime } from "../../analyze/knee.ts";
import type { Summary } from "../../analyze/summary.ts";
import type { SweepDeclaration } from "../../model/answer.ts";
import { medianInterval } from "../../stats/median_interval.ts";
import { quantile } from "../../stats/quantile.ts";
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
  readonly repetition: number;
  /** True where the generator was late. */
  readonly isLate: boolean;
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
        repetition: Number(manifest.parameters.repetition ?? 0),
        isLate: manifest.verdict !== null && !wasInTime(manifest.verdict),
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
  if (typeof limit !== "number" || !isWhole || (verdict !== null && !wasInTime(verdict))) {
    return null;
  }
  return isRateKept({ isOverloaded: status === "overloaded", summary }, limit);
}

/** Says between which rates the platform stops keeping up, and over the repetitions how surely. */
function renderKnee(runs: readonly SweptRun[], { knee, unit }: SweepDeclaration): Html | null {
  if (knee === undefined) return null;
  const knees = [...Map.groupBy(runs, ({ repetition }) => repetition).values()]
    .map((of) => of.flatMap(({ x, isKept }) => isKept === null ? [] : [{ ratePerS: x, isKept }]))
    .filter((tried) => tried.length > 0).map(deriveKnee);
  const late = [...new Set(runs.filter(isUndecided).map(({ x }) => formatNumber(x)))];
  const lateSentence = late.length === 0
    ? ""
    : `At ${late.join(", ")} ${unit} the generator did not keep its schedule, so that what the ` +
      "platform does there is not known.";
  if (knees.length === 0) return late.length === 0 ? null : html`<p>${lateSentence}</p>`;
  const sentence = knees.length === 1
    ? describeKnee(knees[0], unit)
    : describeKnees(knees.map(({ keptPerS }) => keptPerS ?? 0), unit);
  return html`<p><strong>${sentence}</strong> ${lateSentence}</p>`;

  function isUndecided({ x, repetition, isLate }: SweptRun): boolean {
    return isLate &&
      runs.every((run) => run.x !== x || run.repetition !== repetition || run.isKept === null);
  }
}

function describeKnee({ keptPerS, lostPerS }: Knee, unit: string): string {
  const [kept, lost] = [keptPerS, lostPerS].map((rate) => `${formatNumber(rate)} ${unit}`);
  if (keptPerS === null) return `The platform kept none of the rates, not even ${lost}.`;
  return lostPerS === null
    ? `The platform kept every rate, up to ${kept}; where it no longer does is not known.`
    : `The platform kept up to ${kept}, and no longer ${lost}: the knee lies between them.`;
}

/** @param kept the highest rate kept in each repetition, 0: none */
function describeKnees(kept: readonly number[], unit: string): string {
  const sorted = kept.toSorted((a, b) => a - b);
  const interval = medianInterval(sorted);
  const [low, high] = [interval?.low ?? sorted[0], interval?.high ?? sorted[sorted.length - 1]]
    .map(formatNumber);
  return `In ${kept.length} repetitions the highest rate that the platform kept was ` +
    `${formatNumber(quantile(sorted, 0.5))} ${unit}, the median, ` +
    (interval === null
      ? `of ${low} to ${high}.`
      : `with an interval from ${low} to ${high} (${formatShare(interval.coverage)}).`);
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
