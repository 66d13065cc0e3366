import { deriveRunStanding } from "../../analyze/experiment_verdict.ts";
import type { Percentile } from "../../analyze/ranked_quantiles.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { SweepDeclaration } from "../../model/answer.ts";
import type { Figure } from "../page/figure.ts";
import { formatNoun, formatNumber } from "../page/number_format.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { type Mark, PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";
import { chooseSweptPercentiles, SWEEP_MEASURES, type SweepMeasure } from "./sweep_figure.ts";
import { deriveSweepSeries, type SweepGroup, type SweepPoint } from "./sweep_group.ts";

const SIZE = { width: 620, height: 380 };

/** In the order of the combinations; then again, dashed. */
const COLORS = [
  PALETTE.blue,
  PALETTE.orange,
  PALETTE.green,
  PALETTE.red,
  PALETTE.sky,
  PALETTE.ink,
  PALETTE.grey,
];
const DASHES = ["none", "6,3", "2,3", "8,3,2,3"];

/** Most combinations that one can tell apart. */
const MOST_LINES = COLORS.length * DASHES.length;

/** Collects the runs of several sweeps, to draw all in one figure a measure and percentile. */
export interface MatrixSweep {
  add(label: string, analysis: RunAnalysis): void;
  render(plotter: Plotter): Figure[];
}

interface MatrixRun {
  readonly label: string;
  readonly x: number;
  readonly analysis: RunAnalysis;
}

/** See {@linkcode MatrixSweep}. */
export function createMatrixSweep(sweep: SweepDeclaration): MatrixSweep {
  const runs: MatrixRun[] = [];
  return {
    add(label, analysis) {
      runs.push({ label, x: Number(analysis.run.manifest.parameters[sweep.parameter]), analysis });
    },
    render(plotter) {
      const labels = sortLabels(new Set(runs.map(({ label }) => label)));
      if (labels.length > MOST_LINES) return [];
      return sweep.figures.flatMap((figure) => {
        const measure = SWEEP_MEASURES[figure];
        const points = new Map(labels.map((label) => [
          label,
          runs.filter((run) => run.label === label).map((run) => pointOf(run, measure)),
        ]));
        return chooseSweptPercentiles([...points.values()].flat()).flatMap((percentile) =>
          renderTogether({ points, percentile, measure, sweep }, plotter)
        );
      });
    },
  };
}

/** As a person sorts them: `nodes 2` before `nodes 10`. */
export function sortLabels(labels: Iterable<string>): string[] {
  const { compare } = new Intl.Collator("en", { numeric: true });
  return [...labels].sort(compare);
}

function pointOf({ x, analysis: { run, summary } }: MatrixRun, measure: SweepMeasure): SweepPoint {
  return {
    x,
    standing: deriveRunStanding(run.manifest),
    quantiles: measure.quantilesOf(summary),
  };
}

interface TogetherFigure {
  readonly points: ReadonlyMap<string, readonly SweepPoint[]>;
  readonly percentile: Percentile;
  readonly measure: SweepMeasure;
  readonly sweep: SweepDeclaration;
}

interface Line {
  readonly label: string;
  readonly color: string;
  readonly dash: string;
  /** Lines that would hide one another lie beside one another. */
  readonly dx: number;
  readonly groups: readonly Summarized[];
}

type Summarized = SweepGroup & { readonly summary: NonNullable<SweepGroup["summary"]> };

function renderTogether(
  { points, percentile, measure, sweep }: TogetherFigure,
  plotter: Plotter,
): Figure[] {
  const xs = [...new Set([...points.values()].flat().map(({ x }) => x))].sort((a, b) => a - b);
  const lines: Line[] = [...points].map(([label, own], i) => ({
    label,
    color: COLORS[i % COLORS.length],
    dash: DASHES[Math.floor(i / COLORS.length)],
    dx: 4 * (i - (points.size - 1) / 2),
    groups: deriveSweepSeries(own, xs, percentile).groups
      .filter((group): group is Summarized => group.summary !== null),
  }));
  if (lines.every(({ groups }) => groups.length === 0)) return [];
  const scale = chooseLogScale(
    measure.axis,
    lines.flatMap(({ groups }) => groups.flatMap(({ summary: { low, high } }) => [low, high])),
  );
  const title = `${measure.title} ${percentile} against ${sweep.against}, all together`;
  const [first, last] = [xs[0], xs[xs.length - 1]];
  const isLog = first > 0 && last / first > 12;
  const padding = first === last ? 1 : (last - first) * 0.06;
  return [{
    name: `${measure.name}_${percentile}_together`,
    title,
    caption: describeLines(lines, measure, sweep),
    ...plotter.draw({
      title,
      ...SIZE,
      columns: {
        x: { name: sweep.parameter.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) },
        y: scale.columnOf(measure.column),
      },
      x: {
        type: isLog ? "log" : "linear",
        domain: isLog ? [first / 1.15, last * 1.15] : [first - padding, last + padding],
      },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        plotter.plot.axisX(xs, {
          label: sweep.axis,
          labelAnchor: "center",
          text: (x: number) => String(x),
        }),
        ...lines.flatMap((line) => marksOf(line, (value) => scale.place(value), plotter)),
        createLegend(lines.map(({ label, color }) => ({ label, color, shape: "line" as const }))),
      ],
    }),
  }];
}

function marksOf(
  { label, color, dash, dx, groups }: Line,
  place: (value: number) => number,
  { plot }: Plotter,
): Mark[] {
  return [
    nameSeries(
      `${label}, interval or range`,
      plot.ruleX(groups, {
        x: "x",
        y1: ({ summary }: Summarized) => place(summary.low),
        y2: ({ summary }: Summarized) => place(summary.high),
        stroke: color,
        strokeWidth: 5,
        strokeOpacity: 0.25,
        dx,
      }),
    ),
    nameSeries(
      label,
      plot.line(groups, {
        x: "x",
        y: ({ summary }: Summarized) => place(summary.median),
        stroke: color,
        strokeWidth: 1.8,
        strokeDasharray: dash,
        dx,
      }),
    ),
    nameSeries(
      `${label}, median`,
      plot.dot(groups, {
        x: "x",
        y: ({ summary }: Summarized) => place(summary.median),
        r: 3.5,
        fill: color,
        dx,
      }),
    ),
  ];
}

/** What each line ends at, from the lowest to the highest. */
function describeLines(
  lines: readonly Line[],
  measure: SweepMeasure,
  { unit, unitOfOne }: SweepDeclaration,
): string {
  const ends = lines.flatMap(({ label, groups }) => {
    const end = groups.at(-1);
    return end === undefined ? [] : [{ label, x: end.x, value: end.summary.median }];
  }).sort((a, b) => a.value - b.value);
  const last = Math.max(...ends.map(({ x }) => x));
  const words = ends.filter(({ x }) => x === last).map(({ label, value }) =>
    `${formatNumber(value)}${value === Infinity ? "" : measure.unit} with ${label}`
  );
  const runs = Math.max(...lines.flatMap(({ groups }) => groups.map(({ count }) => count)));
  return `At ${formatNumber(last)} ${last === 1 ? unitOfOne ?? unit : unit}: ${
    words.join(", ")
  }. ` +
    (runs > 1
      ? `Medians of up to ${formatNoun(runs, "run")}; bars are their interval of confidence, or ` +
        "their range where there is none."
      : "One run a point.");
}
