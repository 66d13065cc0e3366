import { nameSeries } from "../plot/series.ts";
import { thinCurve } from "../../trace/doctor/load_curve.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import type { Figure } from "../page/figure.ts";
import { formatNumber } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { chooseLinearScale, createLinearGrid } from "../plot/time_frame.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "./trace_figure.ts";
import { formatAxisCount, nameSlot } from "./trace_texts.ts";

/** Points of a curve; a slot each where there are fewer. */
const MOST_POINTS = 480;

/** Rows of the table of numbers. */
const MOST_ROWS = 24;

const HOUR_MS = 3_600_000;

/** Renders the invocations of each slot, and what they come to in flight. */
export function renderTraceLoadFigures(diagnosis: TraceDiagnosis, plotter: Plotter): Figure[] {
  const { load, totals, trace } = diagnosis;
  const slot = nameSlot(trace.slotMs);
  const peakToMean = totals.invocations === 0 ? 1 : totals.peakRatePerS / totals.meanRatePerS;
  return [
    renderLoadFigure(diagnosis, plotter, {
      name: "load",
      title: "Invocations over time",
      caption: `${formatNumber(totals.meanRatePerS)} invocations per second on average; the ` +
        `busiest ${slot} has ${formatNumber(totals.peakRatePerS)} per second, ` +
        `${formatNumber(peakToMean)} times as many.`,
      label: `per ${slot}`,
      values: load.invocations,
    }),
    renderLoadFigure(diagnosis, plotter, {
      name: "offered_concurrency",
      title: "Offered concurrency",
      caption: `By Little's law, arrivals × mean runtime as asked for: ` +
        `${formatNumber(totals.offeredConcurrency)} invocations in flight on average and ` +
        `${formatNumber(totals.peakConcurrency)} in the busiest ${slot}, on a platform that ` +
        "delays nothing.",
      label: "in flight",
      values: load.concurrency,
    }),
  ];
}

interface LoadFigure {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly label: string;
  readonly values: Float64Array;
}

function renderLoadFigure(
  { trace, span }: TraceDiagnosis,
  plotter: Plotter,
  { name, title, caption, label, values }: LoadFigure,
): Figure {
  const { plot } = plotter;
  const { slotsPerPoint, mean, most } = thinCurve(values, MOST_POINTS);
  const lengthMs = values.length * trace.slotMs;
  const [unitMs, unit] = lengthMs > 72 * HOUR_MS
    ? [24 * HOUR_MS, "days"]
    : lengthMs > 2 * HOUR_MS
    ? [HOUR_MS, "hours"]
    : lengthMs > 120_000
    ? [60_000, "minutes"]
    : [1000, "seconds"];
  const fromMs = span.fromSlot * trace.slotMs;
  const timeOf = (slot: number) => (fromMs + slot * trace.slotMs) / unitMs;
  const stair = (heights: Float64Array) =>
    Array.from(
      { length: heights.length + 1 },
      (_, i) => ({
        x: timeOf(Math.min(values.length, i * slotsPerPoint)),
        y: heights[Math.min(i, heights.length - 1)] ?? 0,
      }),
    );
  const curve = { x: "x", y: "y", curve: "step-after" } as const;
  const rows = thinCurve(values, MOST_ROWS);
  return {
    name,
    title,
    caption,
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      columns: { x: { name: `time_${unit}` }, y: { name: label.replaceAll(/\W+/g, "_") } },
      x: {
        label: `${unit} since the trace's start`,
        labelAnchor: "center",
        domain: [timeOf(0), timeOf(values.length)],
      },
      y: { ...chooseLinearScale(label, [most], 1e-9), tickFormat: formatAxisCount, ticks: 5 },
      marks: [
        ...createLinearGrid(plotter, 5),
        ...slotsPerPoint === 1
          ? []
          : [nameSeries("largest", plot.areaY(stair(most), { ...curve, fill: PALETTE.pale }))],
        nameSeries(
          "mean",
          plot.lineY(stair(mean), { ...curve, stroke: PALETTE.blue, strokeWidth: 1.3 }),
        ),
        ...slotsPerPoint === 1 ? [] : [
          createLegend([
            {
              label: `largest of ${slotsPerPoint} slots`,
              color: PALETTE.pale,
              shape: "area",
            },
            { label: "mean", color: PALETTE.blue, shape: "line" },
          ]),
        ],
      ],
    }),
    numbers: renderTable<number>([
      {
        heading: "from",
        unit,
        cell: (row) => formatNumber(timeOf(row * rows.slotsPerPoint)),
      },
      { heading: "mean", unit: label, cell: (row) => formatNumber(rows.mean[row]) },
      { heading: "largest", unit: label, cell: (row) => formatNumber(rows.most[row]) },
    ], Array.from(rows.mean.keys())),
  };
}
