import type { ComparedCell } from "../../analyze/compare/compare_experiments.ts";
import type { MetricComparison } from "../../analyze/compare/compare_runs.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { formatChange } from "./change_format.ts";

const ROW_PX = 22;
const FRAME_PX = 100;

/** Renders how far each metric of a cell changed, with the interval that holds for all at once. */
export function renderChangeFigure(
  { label, comparison: { metrics } }: ComparedCell,
  name: string,
  plotter: Plotter,
): Figure | null {
  const drawn = metrics.filter(({ by, jointInterval, change }) =>
    by === "ratio" && jointInterval !== null && change !== null
  );
  if (drawn.length === 0) return null;
  const { plot } = plotter;
  const title = label === "" ? "Change of each metric" : `Change of each metric, ${label}`;
  const rows = drawn.map((metric) => ({
    words: metric.words,
    change: 100 * metric.change!,
    low: 100 * metric.jointInterval!.low,
    high: 100 * metric.jointInterval!.high,
    color: colorOf(metric),
  }));
  return {
    name,
    title,
    caption: captionOf(drawn),
    svg: plotter.draw({
      title,
      width: 640,
      height: FRAME_PX + ROW_PX * rows.length,
      marginLeft: 190,
      x: { label: "change from A to B (%)", nice: true },
      y: { label: null, domain: rows.map(({ words }) => words) },
      marks: [
        plot.gridX({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleX([0], { stroke: PALETTE.grey }),
        plot.link(rows, {
          x1: "low",
          x2: "high",
          y1: "words",
          y2: "words",
          stroke: "color",
          strokeWidth: 2,
        }),
        plot.dot(rows, { x: "change", y: "words", fill: "color", r: 3.5 }),
        createLegend([
          { label: "differs", color: PALETTE.orange, shape: "dot" },
          { label: "may be chance", color: PALETTE.grey, shape: "dot" },
        ]),
      ],
    }),
  };
}

function colorOf({ isClear }: MetricComparison): string {
  return isClear ? PALETTE.orange : PALETTE.grey;
}

function captionOf(metrics: readonly MetricComparison[]): string {
  const clear = metrics.filter(({ isClear }) => isClear);
  if (clear.length === 0) return "No metric differs by more than chance would explain.";
  const largest = clear.reduce((most, one) =>
    Math.abs(one.change!) > Math.abs(most.change!) ? one : most
  );
  return `${clear.length} of ${metrics.length} metrics differ by more than chance would explain, ` +
    `most of all ${largest.words}: ${formatChange(largest.change!)}.`;
}
