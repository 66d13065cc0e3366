import { nameSeries } from "../plot/series.ts";
import type { CutRun } from "../../analyze/compare/blocked_run.ts";
import { LEAST_BEYOND } from "../../stats/quantile.ts";
import type { Figure } from "../page/figure.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { HALF_SIZE } from "../plot/time_frame.ts";

/** Where the lines have points: each hundredth, and closer together in the tail. */
const QUANTILES = [
  ...Array.from({ length: 99 }, (_, i) => (i + 1) / 100),
  ...[0.992, 0.994, 0.996, 0.998, 0.999],
];

/** The curves of a measure of one run at {@linkcode QUANTILES}; `null` where too few lie beyond. */
export interface RunCurves {
  readonly slowdown: readonly (number | null)[];
  readonly responseTimeMs: readonly (number | null)[];
}

/** Derives what is drawn of a run. */
export function deriveRunCurves({ ranked }: CutRun): RunCurves {
  return {
    slowdown: QUANTILES.map((quantile) => ranked.slowdown.at(quantile)),
    responseTimeMs: QUANTILES.map((quantile) => ranked.response_time.at(quantile)),
  };
}

const SIDES = [
  { label: "A", color: PALETTE.blue, shape: "line", dash: undefined },
  { label: "B", color: PALETTE.orange, shape: "dash", dash: "4,3" },
] as const;

const MEASURES = [
  { key: "slowdown", column: "slowdown", axis: "slowdown", words: "Slowdown" },
  {
    key: "responseTimeMs",
    column: "response_time_ms",
    axis: "response time (ms)",
    words: "Response time",
  },
] as const;

/** Renders both sides' runs over one another, a line a run. */
export function renderQuantileFigures(
  sides: readonly (readonly RunCurves[])[],
  name: string,
  label: string,
  plotter: Plotter,
): Figure[] {
  return MEASURES.map(({ key, column, axis, words }) => {
    const { plot } = plotter;
    const scale = chooseLogScale(
      axis,
      sides.flat().flatMap((curves) => curves[key].map((value) => value ?? NaN)),
    );
    const title = label === "" ? `${words}, A and B` : `${words}, A and B, ${label}`;
    const lines = sides.flatMap((runs, side) =>
      runs.map((curves, run) =>
        nameSeries(
          runs.length === 1 ? SIDES[side].label : `${SIDES[side].label}, run ${run + 1}`,
          plot.lineY(
            curves[key].map((value, i) => ({
              x: 100 * QUANTILES[i],
              y: value === null ? NaN : scale.place(value),
            })),
            {
              x: "x",
              y: "y",
              stroke: SIDES[side].color,
              strokeWidth: 1.5,
              strokeOpacity: runs.length > 1 ? 0.6 : 1,
              strokeDasharray: SIDES[side].dash,
            },
          ),
        )
      )
    );
    return {
      name: `${name}-${key === "slowdown" ? "slowdown" : "response-time"}`,
      title,
      caption: "Each line is a run. A percentile is drawn where at least " +
        `${LEAST_BEYOND} invocations lie beyond it.`,
      ...plotter.draw({
        title,
        ...HALF_SIZE,
        columns: { x: { name: "percentile" }, y: scale.columnOf(column) },
        x: { label: "percentile of the measured invocations", domain: [0, 100] },
        y: scale.y,
        marks: [
          ...createLogAxis(scale, plotter),
          ...lines,
          createLegend(SIDES.map(({ label, color, shape }) => ({ label, color, shape }))),
        ],
      }),
    };
  });
}
