import { nameSeries } from "../plot/series.ts";
import { spreadRanks, type TopShare } from "../../trace/doctor/top_share.ts";
import type { TraceDiagnosis } from "../../trace/doctor/diagnose_trace.ts";
import type { Figure } from "../page/figure.ts";
import { formatCount, formatNoun, formatPercent, formatShare } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { choosePowerScale, createPowerAxis } from "../plot/log_scale.ts";
import { createLegend } from "../plot/marks.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "./trace_figure.ts";
import { formatAxisCount, shortenHashes } from "./trace_texts.ts";

/** Renders which share of the whole the busiest functions make. */
export function renderTopShareFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure {
  const { plot } = plotter;
  const { topByInvocations, topByLoad, totals } = diagnosis;
  const count = totals.functions;
  const curves = [
    { label: "invocations", color: PALETTE.blue, top: topByInvocations },
    { label: "invocations × runtime", color: PALETTE.orange, top: topByLoad },
  ] as const;
  const ranks = spreadRanks(count);
  const pointsOf = ({ cumulative }: TopShare) =>
    ranks.map((rank) => ({ rank, percent: 100 * cumulative[rank - 1] }));
  const scale = choosePowerScale("busiest functions", 1, count, formatAxisCount);
  const onePercent = Math.ceil(count / 100);
  const shareOf = ({ cumulative }: TopShare, rank: number) =>
    formatShare(cumulative[Math.min(rank, cumulative.length) - 1] ?? 0);
  const title = "Share of the busiest functions";
  return {
    name: "top_functions",
    title,
    caption: `The busiest function makes ${shareOf(topByInvocations, 1)} of the invocations` +
      (count < 100 ? "" : `, the busiest 1 % (${formatNoun(onePercent, "function")}) make ` +
        `${shareOf(topByInvocations, onePercent)}`) +
      `; of the load, invocations × runtime, the largest makes ${shareOf(topByLoad, 1)}` +
      `${count < 100 ? "" : ` and the largest 1 % ${shareOf(topByLoad, onePercent)}`}.`,
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      columns: { x: { name: "busiest_functions" }, y: { name: "share_percent" } },
      x: scale.x,
      y: { label: "share (%)", domain: [0, 100] },
      marks: [
        ...createPowerAxis(scale, plotter),
        plot.gridY({ stroke: PALETTE.pale, strokeOpacity: 1 }),
        plot.ruleY([0], { stroke: PALETTE.grey }),
        ...curves.map(({ label, color, top }) =>
          nameSeries(
            label,
            plot.line(pointsOf(top), { x: "rank", y: "percent", stroke: color, strokeWidth: 1.8 }),
          )
        ),
        createLegend(curves.map(({ label, color }) => ({ label, color, shape: "line" }))),
      ],
    }),
    numbers: renderTable<number>([
      { heading: "functions", cell: (rank) => formatCount(rank) },
      ...curves.map(({ label, top }) => ({
        heading: `share of ${label}`,
        unit: "%",
        cell: (rank: number) => formatPercent(top.cumulative[rank - 1]),
      })),
      {
        heading: "the last of them, by invocations",
        isText: true,
        cell: (rank) => shortenHashes(diagnosis.keyOf(topByInvocations.order[rank - 1])),
      },
    ], listedRanks(count)),
  };
}

/** The first ten, then 20, 50, 100 and so on. */
function listedRanks(count: number): number[] {
  const ranks = Array.from({ length: 10 }, (_, i) => i + 1);
  for (let power = 10; power <= count; power *= 10) ranks.push(2 * power, 5 * power, 10 * power);
  return ranks.filter((rank) => rank <= count);
}
