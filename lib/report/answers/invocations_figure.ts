import type { Figure } from "../page/figure.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { nameSeries } from "../plot/series.ts";

/** An invocation as it is drawn. */
export interface DrawnInvocation {
  /** In the order in which they were due, from 1. */
  readonly number: number;
  readonly outcome: string;
  /** `null` where it was never sent. */
  readonly responseTimeMs: number | null;
  /** `null` without a reply. */
  readonly servedRuntimeMs: number | null;
}

/** More have no room. */
const MOST_ROWS = 40;
const ROW_PX = 22;

/** Renders what each invocation waited for, and how long it was served: a bar each. */
export function renderInvocationsFigure(
  all: readonly DrawnInvocation[],
  plotter: Plotter,
): Figure | null {
  const { plot } = plotter;
  const drawn = all.slice(0, MOST_ROWS).flatMap((one) =>
    one.responseTimeMs === null ? [] : [{ ...one, responseTimeMs: one.responseTimeMs }]
  );
  if (drawn.length === 0) return null;
  type Bar = typeof drawn[number];
  const servedFrom = ({ responseTimeMs, servedRuntimeMs }: Bar) =>
    Math.max(0, responseTimeMs - (servedRuntimeMs ?? 0));
  const title = "Response time of each invocation";
  const failed = drawn.filter(({ outcome }) => outcome !== "ok");
  return {
    name: "invocations",
    title,
    caption: "A bar is an invocation, from when it was due until its end: first what it waited, " +
      "for an instance or on the way, then how long the function says that it ran." +
      (failed.length === 0 ? "" : " A cross ends those that were not ok.") +
      (all.length > MOST_ROWS ? ` The first ${MOST_ROWS} of ${all.length}.` : ""),
    ...plotter.draw({
      title,
      width: 560,
      height: 84 + ROW_PX * drawn.length,
      columns: { x: { name: "time_ms" }, y: { name: "invocation" } },
      x: { label: "since it was due (ms)", grid: true, zero: true },
      y: { type: "band", domain: drawn.map(({ number }) => number), label: null, padding: 0.3 },
      marks: [
        plot.axisY({ label: "invocation", labelAnchor: "top", tickSize: 0 }),
        nameSeries(
          "waiting",
          plot.barX(drawn, { y: "number", x1: 0, x2: servedFrom, fill: PALETTE.sky }),
        ),
        nameSeries(
          "served",
          plot.barX(drawn, {
            y: "number",
            x1: servedFrom,
            x2: "responseTimeMs",
            fill: PALETTE.blue,
          }),
        ),
        nameSeries(
          "not ok",
          plot.dot(failed, {
            y: "number",
            x: "responseTimeMs",
            symbol: "times",
            stroke: PALETTE.red,
          }),
        ),
        createLegend([
          { label: "waiting", color: PALETTE.sky, shape: "area" },
          { label: "served", color: PALETTE.blue, shape: "area" },
        ]),
      ],
    }),
  };
}
