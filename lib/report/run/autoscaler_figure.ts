import { nameSeries } from "../plot/series.ts";
import type { AutoscalerSeries } from "../../analyze/autoscaler_series.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend, type LegendEntry } from "../plot/marks.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { type Drawing, PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  finiteOrGap,
  HALF_SIZE,
  type TimeFrame,
} from "../plot/time_frame.ts";

/**
 * Renders what the autoscaler wanted and saw, one panel above the other: instances
 * and observed concurrency; `null` where the platform told nothing of it.
 */
export function renderAutoscalerFigure(analysis: RunAnalysis, plotter: Plotter): Figure | null {
  const { autoscaler, measured: { autoscaler: most } } = analysis;
  if (autoscaler === null) return null;
  const frame = createTimeFrame(analysis, plotter);
  const title = "Autoscaler";
  const panel = (
    label: string,
    lines: readonly Line[],
    size: { readonly height: number; readonly marginBottom: number },
    axis: "top" | "bottom",
  ) => drawingOf(title, label, lines, autoscaler, frame, { ...size, axis }, plotter);
  return {
    name: "autoscaler",
    title,
    caption: "In the measurement phase the autoscaler wanted at most " +
      `${formatCount(most.desiredInstances)} instances; the concurrency that it saw, an average ` +
      `over functions, was at most ${formatNumber(most.stableConcurrency)} in the stable and ` +
      `${formatNumber(most.panicConcurrency)} in the panic window.`,
    ...plotter.drawStack(title, [
      panel(
        "instances",
        [
          { label: "actual", color: PALETTE.blue, shape: "line", of: "actualInstances" },
          { label: "desired", color: PALETTE.orange, shape: "dash", of: "desiredInstances" },
        ],
        { height: 140, marginBottom: 14 },
        "top",
      ),
      panel(
        "concurrency per function",
        [
          { label: "stable", color: PALETTE.blue, shape: "line", of: "stableConcurrency" },
          { label: "panic", color: PALETTE.orange, shape: "dash", of: "panicConcurrency" },
        ],
        { height: 160, marginBottom: 40 },
        "bottom",
      ),
    ]),
  };
}

/** Ticks of a panel, which is half as high as a figure. */
const TICKS = 4;

interface Line extends LegendEntry {
  readonly of: Exclude<keyof AutoscalerSeries, "timeMs">;
}

function drawingOf(
  title: string,
  label: string,
  lines: readonly Line[],
  series: AutoscalerSeries,
  frame: TimeFrame,
  panel: {
    readonly height: number;
    readonly marginBottom: number;
    readonly axis: "top" | "bottom";
  },
  plotter: Plotter,
): Drawing {
  const { plot } = plotter;
  const { axis, ...size } = panel;
  // The last scrape before the load stands at its start.
  const times = Array.from(series.timeMs, (timeMs) => frame.axis.fromMs(Math.max(0, timeMs)));
  return {
    title: `${title}: ${label}`,
    columns: { x: frame.axis.column, y: { name: label.replaceAll(" ", "_") } },
    width: HALF_SIZE.width,
    ...size,
    // One axis of time below both panels.
    x: axis === "top" ? { ...frame.x, label: null, tickFormat: () => "" } : frame.x,
    y: { ...chooseLinearScale(label, lines.map(({ of }) => series[of])), ticks: TICKS },
    marks: [
      ...frame.background,
      ...createLinearGrid(plotter, TICKS),
      ...lines.map(({ label, of, color, shape }) =>
        nameSeries(
          label,
          plot.lineY(Array.from(series[of], (y, i) => ({ x: times[i], y: finiteOrGap(y) })), {
            x: "x",
            y: "y",
            curve: "step-after",
            stroke: color,
            strokeWidth: 1.6,
            strokeDasharray: shape === "dash" ? "4,3" : "none",
          }),
        )
      ),
      createLegend(lines),
    ],
  };
}
