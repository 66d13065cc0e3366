import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../plot/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatCount } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";

/** Renders the instances over time; `null` where the platform told nothing of them. */
export function renderInstancesFigure(analysis: RunAnalysis, plotter: Plotter): Figure | null {
  if (analysis.instances === null) return null;
  const { plot } = plotter;
  const { endMs, measured } = analysis;
  const { bins, starting, ready } = analysis.instances;
  const frame = createTimeFrame(analysis, plotter);
  const title = "Instances";
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  return {
    name: "instances",
    title,
    caption: "In the measurement phase at most " +
      `${formatCount(measured.ready?.peak ?? null)} instances were ready at once, and at most ` +
      `${formatCount(measured.starting?.peak ?? null)} were starting.`,
    svg: plotter.draw({
      title,
      ...HALF_SIZE,
      x: frame.x,
      y: chooseLinearScale("instances", [ready, starting]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        plot.lineY(stairOf(ready, bins, frame.axis, endMs), {
          ...curve,
          stroke: PALETTE.blue,
          strokeWidth: 1.6,
        }),
        plot.areaY(stairOf(starting, bins, frame.axis, endMs), {
          ...curve,
          fill: PALETTE.orange,
          fillOpacity: 0.75,
        }),
        createLegend([
          { label: "starting", color: PALETTE.orange, shape: "area" },
          { label: "ready", color: PALETTE.blue, shape: "line" },
        ]),
      ],
    }),
  };
}
