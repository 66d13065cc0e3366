import { nameSeries } from "../plot/series.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Verdict } from "../../store/schema/manifest.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatNumber } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";

/** Renders the lateness of the generator over time: dispatch lag and event-loop delay. */
export function renderDispatchLagFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { bins, endMs } = analysis;
  const frame = createTimeFrame(analysis, plotter);
  const { verdict } = analysis.run.manifest;
  const limitMs = verdict?.limits.dispatchLagP99Ms;
  const title = "Dispatch lag and event-loop delay";
  const curve = { x: "x", y: "y", curve: "step-after", strokeWidth: 1.4 } as const;
  return {
    name: "dispatch_lag",
    title,
    caption: describeLag(verdict?.evidence),
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: "largest_ms" } },
      x: frame.x,
      y: chooseLinearScale(
        "largest (ms)",
        [analysis.loopDelayMaxMsPerBin, analysis.dispatchLagMaxMsPerBin],
        // The line of the limit is not the edge of the frame.
        limitMs === undefined ? undefined : 1.1 * limitMs,
      ),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        plot.ruleY(limitMs === undefined ? [] : [limitMs], {
          stroke: PALETTE.red,
          strokeDasharray: "4,3",
        }),
        nameSeries(
          "loop delay",
          plot.lineY(stairOf(analysis.loopDelayMaxMsPerBin, bins, frame.axis, endMs), {
            ...curve,
            stroke: PALETTE.grey,
          }),
        ),
        nameSeries(
          "dispatch lag",
          plot.lineY(stairOf(analysis.dispatchLagMaxMsPerBin, bins, frame.axis, endMs), {
            ...curve,
            stroke: PALETTE.blue,
          }),
        ),
        createLegend([
          { label: "dispatch lag", color: PALETTE.blue, shape: "line" },
          { label: "loop delay", color: PALETTE.grey, shape: "line" },
          { label: "limit of lag p99", color: PALETTE.red, shape: "dash" },
        ]),
      ],
    }),
  };
}

function describeLag(evidence: Verdict["evidence"] | undefined): string {
  const lags = evidence === undefined ? [] : ([
    [evidence.dispatchLagP50Ms, "at the median"],
    [evidence.dispatchLagP99Ms, "at p99"],
    [evidence.dispatchLagMaxMs, "at most"],
  ] as const).flatMap(([lagMs, where]) =>
    lagMs === null ? [] : [`${formatNumber(lagMs)} ms ${where}`]
  );
  return lags.length === 0
    ? "How late invocations were dispatched, and the event loop was."
    : `In the measurement, invocations were dispatched ${lags.join(", ")} after they were due.`;
}
