import { nameSeries } from "../plot/series.ts";
import { countTimers, type TimerPeriod } from "../../trace/doctor/diagnosis_summary.ts";
import type { TraceDiagnosis, TriggerFigures } from "../../trace/doctor/diagnose_trace.ts";
import type { Figure } from "../page/figure.ts";
import { html } from "../page/html.ts";
import { formatCount, formatPercent, formatShare } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { PALETTE, type Plotter } from "../plot/plotter.ts";
import { TRACE_MARGINS, TRACE_SIZE } from "./trace_figure.ts";
import { formatPeriod } from "./trace_texts.ts";

/** Bars that have room for their names. */
const MOST_BARS = 10;

/** Renders the periods of functions that are invoked as by a timer; `null`: there are none. */
export function renderTimerFigure(diagnosis: TraceDiagnosis, plotter: Plotter): Figure | null {
  const { plot } = plotter;
  const { totals, trace, triggers } = diagnosis;
  const periods = countTimers(diagnosis);
  const timerLike = periods.reduce((sum, { functions }) => sum + functions, 0);
  if (timerLike === 0) return null;
  const nameOf = ({ slots }: TimerPeriod) =>
    slots === 1 ? `at most ${formatPeriod(trace.slotMs)}` : `${formatPeriod(slots * trace.slotMs)}`;
  const commonest = periods.toSorted((a, b) => b.functions - a.functions).slice(0, MOST_BARS)
    .sort((a, b) => a.slots - b.slots);
  const bars = commonest.map((period) => ({
    name: nameOf(period),
    functions: period.functions,
  }));
  const timers = triggers.find(({ trigger }) => /timer|cron|schedule/i.test(trigger));
  const title = "Functions invoked as by a timer";
  return {
    name: "timers",
    title,
    caption: `${formatShare(timerLike / totals.invoked)} of the functions that are invoked ` +
      `(${formatCount(timerLike)}) come at even distances: their counts hardly vary, or their ` +
      "autocorrelation has a peak at their commonest gap." +
      (timers === undefined ? "" : ` Of the ${formatCount(timers.functions)} with the trigger ` +
        `${timers.trigger}, ${formatCount(timers.timerLike)} do.`),
    ...plotter.draw({
      title,
      ...TRACE_SIZE,
      ...TRACE_MARGINS,
      marginLeft: 92,
      columns: { x: { name: "functions" }, y: { name: "period" } },
      x: { label: "functions", labelAnchor: "center", ticks: 5 },
      y: { label: null, domain: bars.map(({ name }) => name), padding: 0.25 },
      marks: [
        plot.gridX({ stroke: PALETTE.pale, strokeOpacity: 1, ticks: 5 }),
        nameSeries("functions", plot.barX(bars, { x: "functions", y: "name", fill: PALETTE.blue })),
        plot.ruleX([0], { stroke: PALETTE.grey }),
      ],
    }),
    numbers: html`
      ${renderTable<TimerPeriod>([
        { heading: "period", isText: true, cell: nameOf },
        { heading: "functions", cell: ({ functions }) => formatCount(functions) },
        {
          heading: "of those invoked",
          unit: "%",
          cell: ({ functions }) => formatPercent(functions / totals.invoked),
        },
      ], commonest)}
      ${triggers.length === 0 ? "" : renderTable<TriggerFigures>([
        { heading: "trigger", isText: true, cell: ({ trigger }) => trigger },
        { heading: "functions", cell: ({ functions }) => formatCount(functions) },
        { heading: "as by a timer", cell: ({ timerLike }) => formatCount(timerLike) },
      ], triggers)}
    `,
  };
}
