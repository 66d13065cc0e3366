import { nameSeries } from "../plot/series.ts";
import type { ComparedCell } from "../../analyze/compare/compare_experiments.ts";
import type { MetricComparison } from "../../analyze/compare/compare_runs.ts";
import type { Figure } from "../page/figure.ts";
import { widthOf as textWidthOf } from "../plot/legend_layout.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { formatChange } from "./change_format.ts";

/** Changes that may be ticks; −50 % and +100 % lie equally far from 0. */
const TICKS = [-0.99, -0.9, -0.8, -0.5, -0.2, -0.1, -0.05, 0, 0.05, 0.11, 0.25, 1, 4, 9, 99];

/** A change is drawn by the logarithm of the ratio, on which halves and doubles are alike. */
const place = (change: number) => Math.log1p(change);

const WIDTH_PX = 640;
/** Between the name of a metric and the frame. */
const NAME_GAP_PX = 16;
/** Letters are so much larger on a phone. */
const PHONE_LETTERS = 1.21;
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
    change: place(metric.change!),
    low: place(metric.jointInterval!.low),
    high: place(metric.jointInterval!.high),
    color: colorOf(metric),
  }));
  const low = Math.min(place(-0.1), ...rows.map(({ low }) => low));
  const high = Math.max(place(0.11), ...rows.map(({ high }) => high));
  const namesPx = PHONE_LETTERS * Math.max(...rows.map(({ words }) => textWidthOf(words))) +
    NAME_GAP_PX;
  const framePx = plotter.widthOf(WIDTH_PX) - namesPx;
  const ticks = chooseTicks(low, high, TICK_PX / framePx * (high - low));
  return {
    name,
    title,
    caption: captionOf(drawn),
    ...plotter.draw({
      title,
      width: WIDTH_PX,
      height: FRAME_PX + ROW_PX * rows.length,
      marginLeft: namesPx,
      columns: { x: { name: "change_ratio", valueAt: Math.expm1 }, y: { name: "metric" } },
      x: {
        label: "change from A to B",
        domain: [low, high],
        ticks: ticks.map(place),
        tickFormat: (_: number, i: number) => formatChange(ticks[i]),
      },
      y: { label: null, domain: rows.map(({ words }) => words) },
      marks: [
        plot.gridX(ticks.map(place), { stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleX([0], { stroke: PALETTE.grey }),
        nameSeries(
          "interval",
          plot.link(rows, {
            x1: "low",
            x2: "high",
            y1: "words",
            y2: "words",
            stroke: "color",
            strokeWidth: 2,
          }),
        ),
        nameSeries("change", plot.dot(rows, { x: "change", y: "words", fill: "color", r: 3.5 })),
        createLegend([
          { label: "differs", color: PALETTE.orange, shape: "dot" },
          { label: "may be chance", color: PALETTE.grey, shape: "dot" },
        ]),
      ],
    }),
  };
}

/** Room for the text of a tick. */
const TICK_PX = 44;

/** Those that lie within, the ones nearest to 0 left out where they would cover one another. */
function chooseTicks(low: number, high: number, apart: number): number[] {
  return TICKS.filter((tick) =>
    place(tick) >= low && place(tick) <= high && (tick === 0 || Math.abs(place(tick)) >= apart)
  ).filter((tick, i, ticks) => {
    const inner = tick > 0 ? ticks[i - 1] : ticks[i + 1];
    return tick === 0 || inner === undefined || Math.abs(place(tick) - place(inner)) >= apart;
  });
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
