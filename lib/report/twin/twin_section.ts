import { renderWaterfall } from "./waterfall_figure.ts";
import { nameSeries } from "../plot/series.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { TwinAnalysis } from "../../analyze/twin/twin_analysis.ts";
import { LEAST_BEYOND } from "../../stats/quantile.ts";
import { type Figure, renderFigures } from "../page/figure.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { formatCount, formatNoun, formatNumber, UNKNOWN } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";
import type { DivergenceMetric } from "../../store/schema/manifest.ts";
import { type Html, html } from "../page/html.ts";
import { renderTable } from "../page/table_section.ts";

/** How a run and its twin are told apart in every figure. */
const RUN = { color: PALETTE.blue, strokeWidth: 1.6 } as const;
const TWIN = { color: PALETTE.orange, strokeWidth: 1.4, strokeDasharray: "4,3" } as const;

/** A difference above this is marked. */
const MARKED_ABOVE = 0.1;

/** Renders a run over its twin, the names of the figures begun with the run's. */
export function renderTwinFigures(
  twin: TwinAnalysis,
  analysis: RunAnalysis,
  plotter: Plotter,
): Figure[] {
  const prefix = analysis.run.manifest.name.replace(/[^A-Za-z0-9_-]/g, "-");
  return [
    renderQuantiles(twin, plotter),
    renderWaterfall(twin.waterfalls, plotter),
    renderInstances(twin, analysis, plotter),
    renderColdInvocations(twin, analysis, plotter),
  ]
    .filter((figure) => figure !== null)
    .map((figure) => ({ ...figure, name: `${prefix}.${figure.name}` }));
}

function renderQuantiles({ quantiles, responseTimeMs }: TwinAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { run, twin } = responseTimeMs;
  const scale = chooseLogScale("response time (ms)", [...run, ...twin].map(orGap));
  // What has too few observations beyond it is a gap.
  const pointsOf = (values: readonly (number | null)[]) =>
    values.map((value, i) => ({ x: 100 * quantiles[i], y: scale.place(orGap(value)) }));
  const title = "Response time, run and twin";
  const medianAt = quantiles.indexOf(0.5);
  const [median, medianOfTwin] = [run, twin].map((values) => values[medianAt]);
  return {
    name: "twin-response-time",
    title,
    caption:
      (median === null || medianOfTwin === null
        ? "Too few invocations for a median."
        : `Half of the invocations took at most ${describeMs(median)} in the run and ` +
          `${describeMs(medianOfTwin)} in the twin.`) +
      ` A percentile is drawn where at least ${LEAST_BEYOND} invocations lie beyond it.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: { name: "percentile" }, y: scale.columnOf("response_time_ms") },
      x: { label: "percentile of the measured invocations", domain: [0, 100] },
      y: scale.y,
      marks: [
        ...createLogAxis(scale, plotter),
        nameSeries("run", plot.lineY(pointsOf(run), { x: "x", y: "y", ...strokeOf(RUN) })),
        nameSeries("twin", plot.lineY(pointsOf(twin), { x: "x", y: "y", ...strokeOf(TWIN) })),
        createTwinLegend(),
      ],
    }),
  };
}

function renderInstances(
  { instances, readyPeak, endMs }: TwinAnalysis,
  analysis: RunAnalysis,
  plotter: Plotter,
): Figure | null {
  if (instances === null) return null;
  const { run, twin } = instances;
  return renderStairs(
    {
      name: "twin-instances",
      title: "Ready instances, run and twin",
      label: "ready instances",
      caption: `In the measurement phase at most ${formatNoun(readyPeak.run ?? 0, "instance")} ` +
        `${readyPeak.run === 1 ? "was" : "were"} ready at once in the run, and ` +
        `${formatCount(readyPeak.twin)} in the twin.`,
      stairs: [run.ready, twin.ready],
      bins: run.bins,
    },
    analysis,
    endMs,
    plotter,
  );
}

function renderColdInvocations(
  { coldPerBin, bins, endMs }: TwinAnalysis,
  analysis: RunAnalysis,
  plotter: Plotter,
): Figure {
  const stairs = [coldPerBin.run, coldPerBin.twin].map(accumulate);
  const [run, twin] = stairs.map((stair) => stair.at(-1) ?? 0);
  return renderStairs(
    {
      name: "twin-cold-invocations",
      title: "Cold invocations so far, run and twin",
      label: "cold invocations",
      caption: `${formatNoun(run, "invocation")} of the measurement phase began cold in the run, ` +
        `and ${formatCount(twin)} in the twin.`,
      stairs,
      bins,
    },
    analysis,
    endMs,
    plotter,
  );
}

interface Stairs extends Pick<Figure, "name" | "title" | "caption"> {
  readonly label: string;
  /** Of the run and of the twin. */
  readonly stairs: readonly ArrayLike<number>[];
  readonly bins: TwinAnalysis["bins"];
}

function renderStairs(
  { name, title, caption, label, stairs, bins }: Stairs,
  analysis: RunAnalysis,
  endMs: number,
  plotter: Plotter,
): Figure {
  const { plot } = plotter;
  const frame = createTimeFrame({ ...analysis, endMs }, plotter);
  const [run, twin] = stairs.map((values) => stairOf(values, bins, frame.axis, endMs));
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    name,
    title,
    caption,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: label.replaceAll(" ", "_") } },
      x: frame.x,
      y: chooseLinearScale(label, stairs),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        nameSeries("run", plot.lineY(run, { ...curve, ...strokeOf(RUN) })),
        nameSeries("twin", plot.lineY(twin, { ...curve, ...strokeOf(TWIN) })),
        createTwinLegend(),
      ],
    }),
  };
}

function orGap(value: number | null): number {
  return value ?? NaN;
}

function describeMs(value: number): string {
  return formatNumber(value) + (value === Infinity ? "" : " ms");
}

function createTwinLegend() {
  return createLegend([
    { label: "run", color: RUN.color, shape: "line" },
    { label: "twin", color: TWIN.color, shape: "dash" },
  ]);
}

function strokeOf<S extends { readonly color: string }>({ color, ...style }: S) {
  return { ...style, stroke: color };
}

function accumulate(counts: Uint32Array): Uint32Array {
  let sum = 0;
  return counts.map((count) => sum += count);
}

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
