import { nameSeries } from "../plot/series.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatCount, formatNoun, formatSpan } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
  stairOf,
} from "../plot/time_frame.ts";

/**
 * Renders cold invocations and instance starts over time; `null` where neither
 * is known.
 */
export function renderColdStartFigure(analysis: RunAnalysis, plotter: Plotter): Figure | null {
  const { summary, instanceStarts, instanceStartsPerBin, bins } = analysis;
  if (summary.coldInvocations === null && instanceStartsPerBin === null) return null;
  const { plot } = plotter;
  const frame = createTimeFrame(analysis, plotter);
  const bars = (
    series: string,
    counts: Uint32Array | null,
    color: string,
    inset: number,
  ) =>
    nameSeries(
      series,
      plot.rectY(
        Array.from(counts ?? [], (count, bin) => ({ count, fromMs: bin * bins.binMs }))
          .filter(({ count }) => count > 0),
        {
          x1: ({ fromMs }: { fromMs: number }) => frame.axis.fromMs(fromMs),
          x2: ({ fromMs }: { fromMs: number }) =>
            frame.axis.fromMs(Math.min(analysis.endMs, fromMs + bins.binMs)),
          y: "count",
          fill: color,
          insetLeft: inset,
          insetRight: inset,
        },
      ),
    );
  const counts = [...instanceStartsPerBin ?? [], ...analysis.coldInvocationsPerBin];
  const pixels = (plotter.widthOf(HALF_SIZE.width) - 70) * bins.binMs / analysis.endMs;
  const title = "Cold starts";
  const known = [
    summary.coldInvocations === null
      ? null
      : formatNoun(summary.coldInvocations, "cold invocation"),
    instanceStarts === null ? null : formatNoun(instanceStarts, "instance start"),
  ].filter((text) => text !== null);
  return {
    name: "cold_starts",
    title,
    caption: `The measurement phase has ${known.join(" and ")}; they are counted apart, and a ` +
      `start may serve nobody.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: "number" } },
      x: frame.x,
      y: chooseLinearScale(`number in ${formatSpan(bins.binMs)}`, [counts]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        bars("instance starts", instanceStartsPerBin, PALETTE.sky, pixels > 4 ? 0.5 : 0),
        bars(
          "cold invocations",
          analysis.coldInvocationsPerBin,
          PALETTE.orange,
          pixels > 4 ? pixels / 3.2 : 0,
        ),
        createLegend([
          { label: "instance starts", color: PALETTE.sky, shape: "area" },
          { label: "cold invocations", color: PALETTE.orange, shape: "area" },
        ]),
      ],
    }),
  };
}

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
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: { name: "instances" } },
      x: frame.x,
      y: chooseLinearScale("instances", [ready, starting]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        nameSeries(
          "ready",
          plot.lineY(stairOf(ready, bins, frame.axis, endMs), {
            ...curve,
            stroke: PALETTE.blue,
            strokeWidth: 1.6,
          }),
        ),
        nameSeries(
          "starting",
          plot.areaY(stairOf(starting, bins, frame.axis, endMs), {
            ...curve,
            fill: PALETTE.orange,
            fillOpacity: 0.75,
          }),
        ),
        createLegend([
          { label: "starting", color: PALETTE.orange, shape: "area" },
          { label: "ready", color: PALETTE.blue, shape: "line" },
        ]),
      ],
    }),
  };
}
