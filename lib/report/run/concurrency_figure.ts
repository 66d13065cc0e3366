import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../plot/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";

/** Renders the invocations in flight over time. */
export function renderConcurrencyFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { endMs, measured } = analysis;
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
      `most ${formatCount(measured.inFlight?.peak ?? null)}; their requested runtimes alone make ` +
      `${formatNumber(measured.expectedInFlight)} by Little's law.`,
    svg: plotter.draw({
      title,
      ...HALF_SIZE,
      x: frame.x,
      y: chooseLinearScale("invocations in flight", [max]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        plot.areaY(stairOf(max, bins, frame.axis, endMs), { ...curve, fill: PALETTE.pale }),
        plot.lineY(stairOf(mean, bins, frame.axis, endMs), {
          ...curve,
          stroke: PALETTE.blue,
          strokeWidth: 1.4,
        }),
        createLegend([
          { label: "maximum", color: PALETTE.pale, shape: "area" },
          { label: "mean", color: PALETTE.blue, shape: "line" },
        ]),
      ],
    }),
  };
}
