import { nameSeries } from "../plot/series.ts";
import { largest } from "../../stats/quantile.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";

/** Renders arrivals (due) against dispatches (sent) per second. */
export function renderArrivalsFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { bins, endMs } = analysis;
  const frame = createTimeFrame(analysis, plotter);
  const perSecond = (counts: Uint32Array) =>
    Float64Array.from(counts, (count) => count * 1_000 / bins.binMs);
  const scheduled = perSecond(analysis.scheduledPerBin);
  const dispatched = perSecond(analysis.dispatchedPerBin);
  const due = sum(analysis.scheduledPerBin);
  const sent = sum(analysis.dispatchedPerBin);
  const title = "Arrivals and dispatches";
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    name: "arrivals",
    title,
    caption: `${formatCount(sent)} of ${formatCount(due)} invocations due` +
      `${analysis.warmupInvocations > 0 ? ", warm-up included," : ""} were dispatched; the ` +
      `busiest ${bins.binMs === 1_000 ? "second" : `${bins.binMs / 1_000} s`} had ` +
      `${formatNumber(largest(scheduled))} arrivals per second.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: "rate_per_s" } },
      x: frame.x,
      y: chooseLinearScale("invocations per second", [scheduled, dispatched]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        nameSeries(
          "scheduled",
          plot.areaY(stairOf(scheduled, bins, frame.axis, endMs), { ...curve, fill: PALETTE.pale }),
        ),
        nameSeries(
          "dispatched",
          plot.lineY(stairOf(dispatched, bins, frame.axis, endMs), {
            ...curve,
            stroke: PALETTE.blue,
            strokeWidth: 1.4,
          }),
        ),
        createLegend([
          { label: "scheduled", color: PALETTE.pale, shape: "area" },
          { label: "dispatched", color: PALETTE.blue, shape: "line" },
        ]),
      ],
    }),
  };
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Renders the invocations in flight over time. */
export function renderConcurrencyFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { endMs, measured, concurrencyMissed } = analysis;
  const { bins, mean, max } = analysis.concurrency;
  const frame = createTimeFrame(analysis, plotter);
  const title = "Concurrency";
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    name: "concurrency",
    title,
    caption: "In the measurement phase " +
      `${
        formatNumber(measured.inFlight?.mean ?? null)
      } invocations were in flight on average, at ` +
      `most ${formatCount(measured.inFlight?.peak ?? null)}${
        concurrencyMissed === 0 ? "" : ` (or up to ${formatCount(concurrencyMissed)} more)`
      }; their requested runtimes alone make ` +
      `${formatNumber(measured.expectedInFlight)} by Little's law.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: "in_flight" } },
      x: frame.x,
      y: chooseLinearScale("invocations in flight", [max]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        nameSeries(
          "maximum",
          plot.areaY(stairOf(max, bins, frame.axis, endMs), { ...curve, fill: PALETTE.pale }),
        ),
        nameSeries(
          "mean",
          plot.lineY(stairOf(mean, bins, frame.axis, endMs), {
            ...curve,
            stroke: PALETTE.blue,
            strokeWidth: 1.4,
          }),
        ),
        createLegend([
          { label: "maximum", color: PALETTE.pale, shape: "area" },
          { label: "mean", color: PALETTE.blue, shape: "line" },
        ]),
      ],
    }),
  };
}
