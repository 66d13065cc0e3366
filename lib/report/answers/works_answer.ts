import { deriveRunStanding } from "../../analyze/experiment_verdict.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import { countJudged } from "../../analyze/summary.ts";
import type { WorksDeclaration } from "../../model/answer.ts";
import { medianInterval } from "../../stats/median_interval.ts";
import { quantile } from "../../stats/quantile.ts";
import type { Figure } from "../page/figure.ts";
import { type Html, html } from "../page/html.ts";
import { formatCount, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";
import { choosePowerScale, createPowerAxis } from "../plot/log_scale.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import type { Answer } from "./answer.ts";

/** What is concluded of a platform, as a number of a run. */
interface Conclusion {
  readonly name: string;
  readonly title: string;
  /** As it stands in a sentence. */
  readonly words: string;
  readonly axis: string;
  /** `null`: unknown, or of too few invocations. */
  valueOf(analysis: RunAnalysis, functions: number): number | null;
}

const CONCLUSIONS: readonly Conclusion[] = [
  {
    name: "slowdown_p50",
    title: "Slowdown p50",
    words: "slowdown p50",
    axis: "slowdown p50",
    valueOf: ({ summary }) => summary.slowdown.all.p50,
  },
  {
    name: "slowdown_p99",
    title: "Slowdown p99",
    words: "slowdown p99",
    axis: "slowdown p99",
    valueOf: ({ summary }) => summary.slowdown.all.p99,
  },
  {
    name: "cold",
    title: "Cold invocations",
    words: "the share of cold invocations",
    axis: "cold (%)",
    valueOf: ({ summary }) => {
      const judged = countJudged(summary.outcomes);
      return summary.coldInvocations === null || judged === 0
        ? null
        : 100 * summary.coldInvocations / judged;
    },
  },
  {
    name: "ready",
    title: "Ready instances",
    words: "ready instances",
    axis: "ready instances a function, mean",
    valueOf: ({ measured }, functions) =>
      measured.ready === null || measured.ready.mean === null
        ? null
        : measured.ready.mean / functions,
  },
  {
    name: "load",
    title: "Load",
    words: "load",
    axis: "requested runtime a second and function (s)",
    valueOf: ({ measured }, functions) =>
      measured.expectedInFlight === null ? null : measured.expectedInFlight / functions,
  },
];

/** What one run came to, a value for each of {@linkcode CONCLUSIONS}. */
interface WorkRun {
  readonly work: string;
  readonly functions: number;
  readonly isCounted: boolean;
  readonly values: readonly (number | null)[];
}

/** The median over a work's runs, and what surely holds it. */
interface WorkEstimate {
  readonly work: string;
  readonly values: readonly number[];
  readonly median: number;
  /** A confidence interval of 95 % or more, or their range with fewer than 6 runs. */
  readonly low: number;
  readonly high: number;
  /** False where it is the range. */
  readonly isInterval: boolean;
}

/** Creates the answer of runs of several works: what each would have concluded of the platform. */
export function createWorksAnswer({ parameter, reference }: WorksDeclaration): Answer {
  const runs: WorkRun[] = [];
  const works = () => [...new Set(runs.map(({ work }) => work))];
  const estimatesOf = (conclusion: number) =>
    works().map((work) => estimate(work, runs.filter((run) => run.work === work), conclusion))
      .filter((found) => found !== null);
  return {
    add(analysis) {
      const { manifest } = analysis.run;
      const { functions } = manifest.plan;
      runs.push({
        work: String(manifest.parameters[parameter]),
        functions,
        isCounted: deriveRunStanding(manifest).isCounted,
        values: CONCLUSIONS.map(({ valueOf }) => valueOf(analysis, functions)),
      });
    },
    renderText: () => renderErrors(CONCLUSIONS.map((_, i) => estimatesOf(i)), works(), reference),
    render: (plotter) =>
      CONCLUSIONS.flatMap((conclusion, i) => {
        const estimates = estimatesOf(i);
        return estimates.length === 0
          ? []
          : [renderRows(conclusion, estimates, works(), reference, plotter)];
      }),
    renderTable: () =>
      runs.length === 0
        ? null
        : renderWorks(runs, works(), (i, work) =>
          estimatesOf(i).find((found) =>
            found.work === work
          )),
  };
}

function estimate(
  work: string,
  runs: readonly WorkRun[],
  conclusion: number,
): WorkEstimate | null {
  const values = runs.flatMap(({ isCounted, values }) =>
    isCounted && values[conclusion] !== null ? [values[conclusion]] : []
  );
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const interval = medianInterval(sorted);
  return {
    work,
    values,
    median: quantile(sorted, 0.5)!,
    low: interval?.low ?? sorted[0],
    high: interval?.high ?? sorted[sorted.length - 1],
    isInterval: interval !== null,
  };
}

/** Says of each work what it is farthest from the reference in; `null` without a reference. */
function renderErrors(
  all: readonly (readonly WorkEstimate[])[],
  works: readonly string[],
  reference: string,
): Html | null {
  const parts = works.filter((work) => work !== reference).flatMap((work) => {
    const errors = all.flatMap((estimates, i) => {
      const own = estimates.find((found) => found.work === work);
      const truth = estimates.find((found) => found.work === reference);
      if (own === undefined || truth === undefined) return [];
      const ratio = own.median / truth.median;
      if (!(ratio > 0 && truth.median > 0)) return [];
      const isApart = own.low > truth.high || own.high < truth.low;
      const isSure = own.isInterval && truth.isInterval;
      return [{ i, isSure, factor: Math.max(ratio, 1 / ratio), isMore: ratio > 1, isApart }];
    });
    if (errors.length === 0) return [];
    const worst = errors.reduce((a, b) => b.factor > a.factor ? b : a);
    const sure = errors.filter(({ isSure }) => isSure);
    const apart = sure.filter(({ isApart }) => isApart).length;
    return [
      `${work} is farthest in ${CONCLUSIONS[worst.i].words}, ${formatNumber(worst.factor)} times ` +
      `${worst.isMore ? "more" : "less"}` +
      // Ranges of few runs lie apart by chance.
      (sure.length === 0
        ? ""
        : `, and its interval is apart from the ${reference}’s in ${apart} of ${sure.length}`),
    ];
  });
  if (parts.length === 0) return null;
  return html`<p><strong>Set against the ${reference}: ${parts.join("; ")}.</strong></p>`;
}

/** Its name, with the unit of its axis. */
function columnOf(name: string, axis: string): string {
  const unit = axis.includes("(ms)") ? "ms" : axis.includes("%") ? "percent" : "";
  return unit === "" || name.endsWith(unit) ? name : `${name}_${unit}`;
}

const ROW_PX = 24;

function renderRows(
  { name, title, axis }: Conclusion,
  estimates: readonly WorkEstimate[],
  works: readonly string[],
  reference: string,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const drawn = estimates.flatMap(({ values, low, high }) => [...values, low, high])
    .filter((value) => value > 0 && value < Infinity);
  const [least, most] = [Math.min(...drawn, Infinity), Math.max(...drawn, 0)];
  const low = least === Infinity ? 0.1 : least / 1.15;
  const high = most === 0 ? 10 : most * 1.15;
  const scale = choosePowerScale(axis, low, high);
  const place = (value: number) => Math.min(Math.max(value, low), scale.x.domain[1]);
  const colorOf = (work: string) => work === reference ? PALETTE.ink : PALETTE.blue;
  const truth = estimates.filter(({ work }) => work === reference);
  type Dot = { readonly work: string; readonly value: number };
  const dots = estimates.flatMap(({ work, values }) =>
    values.map((value): Dot => ({ work, value: place(value) }))
  );
  return {
    name: `works_${name}`,
    title: `${title} by whose choice of functions`,
    caption: estimates.map(({ work, median }) => `${work}: ${formatNumber(median)}`).join("; ") +
      ". Dots are runs, a stroke their median, and a bar an interval that covers it with at least " +
      "95 %, or the range of fewer than 6 runs. The shade is that of the reference. What is 0 " +
      "stands at the left end, what is infinite, as not all was answered, at the right one.",
    ...plotter.draw({
      title,
      columns: { x: { name: columnOf(name, axis) }, y: { name: "work" } },
      width: 480,
      height: 90 + ROW_PX * works.length,
      marginLeft: 84,
      x: scale.x,
      y: { type: "band", domain: [...works], label: null },
      marks: [
        plot.rectX(truth, {
          x1: (row: WorkEstimate) => place(row.low),
          x2: (row: WorkEstimate) => place(row.high),
          fill: PALETTE.pale,
          fillOpacity: 0.7,
        }),
        ...createPowerAxis(scale, plotter),
        plot.axisY({ label: null, tickSize: 0 }),
        plot.ruleX(truth, {
          x: (row: WorkEstimate) => place(row.median),
          stroke: PALETTE.grey,
          strokeDasharray: "3,3",
        }),
        nameSeries(
          "interval",
          plot.ruleY(estimates, {
            y: "work",
            x1: (row: WorkEstimate) => place(row.low),
            x2: (row: WorkEstimate) => place(row.high),
            stroke: (row: WorkEstimate) => colorOf(row.work),
            strokeWidth: 8,
            strokeOpacity: 0.25,
          }),
        ),
        nameSeries(
          "run",
          plot.dot(dots, {
            x: "value",
            y: "work",
            r: 2.5,
            fill: (dot: Dot) => colorOf(dot.work),
            fillOpacity: 0.7,
          }),
        ),
        nameSeries(
          "median",
          plot.tickX(estimates, {
            x: (row: WorkEstimate) => place(row.median),
            y: "work",
            stroke: (row: WorkEstimate) => colorOf(row.work),
            strokeWidth: 2,
            inset: 3,
          }),
        ),
      ],
    }),
  };
}

function renderWorks(
  runs: readonly WorkRun[],
  works: readonly string[],
  estimateOf: (conclusion: number, work: string) => WorkEstimate | undefined,
): Html {
  const of = (work: string) => runs.filter((run) => run.work === work);
  return html`
    ${renderTable<string>([
      { heading: "", isText: true, cell: (work) => work },
      { heading: "functions", cell: (work) => formatCount(of(work)[0].functions) },
      { heading: "runs", cell: (work) => formatCount(of(work).length) },
      {
        heading: "left out",
        cell: (work) => formatCount(of(work).filter(({ isCounted }) => !isCounted).length),
      },
      ...CONCLUSIONS.map(({ axis }, i): ReportColumn<string> => ({
        heading: axis,
        cell: (work) => {
          const found = estimateOf(i, work);
          if (found === undefined) return UNKNOWN;
          const { median, low, high } = found;
          return html`${formatNumber(median)}<br><small>${formatNumber(low)} to ${
            formatNumber(high)
          }</small>`;
        },
      })),
    ], works)}
    <p class="small">Medians over the runs that count, with an interval that covers the true median
    with at least 95 %, or the range of fewer than 6 runs. Runs count that came to their end and
    whose generator kept its schedule. Instances and load are divided by the number of functions,
    as works differ in that.</p>
  `;
}
