import { nameSeries } from "../plot/series.ts";
import { countJudged, countNotOk } from "../../analyze/summary.ts";
import type { ResponsePoint } from "../../analyze/response_point.ts";
import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { Figure } from "../page/figure.ts";
import { chooseLogScale, createLogAxis } from "../plot/log_scale.ts";
import { createLegend, createPointCloud } from "../plot/marks.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { createTimeFrame, HALF_SIZE } from "../plot/time_frame.ts";

/** Renders the response time over time: a dot an invocation, by outcome. */
export function renderResponseTimeFigure(analysis: RunAnalysis, plotter: Plotter): Figure {
  const { summary, responsePoints } = analysis;
  const frame = createTimeFrame(analysis, plotter);
  const neverSent = responsePoints.some((point) => Number.isNaN(point.responseTimeMs));
  // What was never sent will never complete.
  const placed = (responseTimeMs: number) =>
    Number.isNaN(responseTimeMs) ? Infinity : responseTimeMs;
  const scale = chooseLogScale(
    "response time (ms)",
    responsePoints.map((point) => placed(point.responseTimeMs)),
  );
  const points = (kind: ResponsePoint["kind"]) =>
    responsePoints
      .filter((point) => point.kind === kind)
      .map(({ scheduledMs, responseTimeMs }) =>
        [
          frame.axis.fromMs(scheduledMs),
          scale.place(placed(responseTimeMs)),
        ] as const
      );
  const title = "Response time";
  const { p50 } = summary.responseTimeMs.all;
  const notOk = points("not_ok");
  const { cancelled } = summary.outcomes;
  const coldKnown = summary.coldInvocations !== null;
  return {
    name: "response_time",
    title,
    caption:
      (p50 === null
        ? "The measurement phase has too few invocations for a median response time; of "
        : `The median response time of the measurement phase is ${formatNumber(p50)}` +
          `${p50 === Infinity ? "" : " ms"}; of `) +
      `${formatCount(countJudged(summary.outcomes))} invocations ` +
      (coldKnown ? `${formatCount(summary.coldInvocations)} were cold and ` : "") +
      `${formatCount(countNotOk(summary.outcomes))} ${coldKnown ? "" : "were "}not ok` +
      `${neverSent ? " (those at ∞ were never sent)" : ""}` +
      `${cancelled === 0 ? "" : `; ${formatCount(cancelled)} more were cancelled`}.`,
    ...plotter.draw({
      title,
      ...HALF_SIZE,
      columns: { x: frame.axis.column, y: scale.columnOf("response_time_ms") },
      x: frame.x,
      y: scale.y,
      marks: [
        ...frame.background,
        ...createLogAxis(scale, plotter),
        nameSeries(
          coldKnown ? "ok, warm" : "ok",
          createPointCloud(points("warm"), {
            color: PALETTE.blue,
            shape: "dot",
            size: 3,
            opacity: 0.45,
          }),
        ),
        nameSeries(
          "ok, cold",
          createPointCloud(points("cold"), {
            color: PALETTE.orange,
            shape: "dot",
            size: 4.5,
            opacity: 0.9,
          }),
        ),
        nameSeries(
          "not ok",
          createPointCloud(notOk, {
            color: PALETTE.ink,
            shape: "cross",
            size: 4.5,
            opacity: 0.5,
          }),
        ),
        createLegend([
          { label: coldKnown ? "ok, warm" : "ok", color: PALETTE.blue, shape: "dot" },
          ...(coldKnown
            ? [{ label: "ok, cold", color: PALETTE.orange, shape: "dot" } as const]
            : []),
          ...(notOk.length > 0
            ? [{ label: "not ok", color: PALETTE.ink, shape: "cross" } as const]
            : []),
        ]),
      ],
    }),
  };
}
