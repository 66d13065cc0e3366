import { largest } from "../analyze/largest.ts";
import type { RunAnalysis } from "../analyze/run_analysis.ts";
import type { Figure } from "./figure.ts";
import { createLegend } from "./marks.ts";
import { formatCount, formatNumber } from "./number_format.ts";
import { PALETTE } from "./palette.ts";
import type { Plotter } from "./plotter.ts";
import { createLinearGrid, createTimeFrame, HALF_SIZE, stairOf } from "./time_frame.ts";

/** Renders the invocations in flight over time. */
export function renderConcurrencyFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { endMs } = analysis;
  const { bins, mean, max } = analysis.concurrency;
  const frame = createTimeFrame(analysis, plotter);
  const title = "Concurrency";
  const average = mean.reduce((sum, value) => sum + value, 0) * bins.binMs / endMs;
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    name: "concurrency",
    title,
    caption: `On average ${formatNumber(average)} invocations were in flight, at most ` +
      `${formatCount(largest(max))}; the plan expected ` +
      `${formatNumber(analysis.run.manifest.plan.expectedConcurrency)} by Little's law.`,
    svg: plotter.draw({
      title,
      ...HALF_SIZE,
      x: frame.x,
      y: { label: "invocations in flight", zero: true, nice: true },
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
