import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../plot/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { formatNoun, formatSpan } from "../page/number_format.ts";
import { PALETTE } from "../plot/palette.ts";
import type { Plotter } from "../plot/plotter.ts";
import {
  chooseLinearScale,
  createLinearGrid,
  createTimeFrame,
  HALF_SIZE,
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
  const bars = (counts: Uint32Array | null, color: string, inset: number) =>
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
    );
  const counts = [...instanceStartsPerBin ?? [], ...analysis.coldInvocationsPerBin];
  const pixels = 490 * bins.binMs / analysis.endMs;
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
    svg: plotter.draw({
      title,
      ...HALF_SIZE,
      x: frame.x,
      y: chooseLinearScale(`number in ${formatSpan(bins.binMs)}`, [counts]),
      marks: [
        ...frame.background,
        ...createLinearGrid(plotter),
        bars(instanceStartsPerBin, PALETTE.sky, pixels > 4 ? 0.5 : 0),
        bars(analysis.coldInvocationsPerBin, PALETTE.orange, pixels > 4 ? pixels / 3.2 : 0),
        createLegend([
          { label: "instance starts", color: PALETTE.sky, shape: "area" },
          { label: "cold invocations", color: PALETTE.orange, shape: "area" },
        ]),
      ],
    }),
  };
}
