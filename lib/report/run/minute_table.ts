import type { Minute } from "../../analyze/minute.ts";
import { countNotOk } from "../../analyze/outcome_count.ts";
import type { Html } from "../page/html.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { createCancelledColumns, renderQuantile } from "./run_table.ts";
import { renderTable } from "../page/table_section.ts";

/** Renders the table of the minutes of a run. */
export function renderMinuteTable(minutes: readonly Minute[]): Html {
  return renderTable<Minute>([
    { heading: "minute", cell: ({ minute }) => minute },
    { heading: "phase", isText: true, cell: ({ phase }) => phase === "warmup" ? "warm-up" : phase },
    { heading: "functions", cell: ({ functions }) => formatCount(functions) },
    { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
    { heading: "ok", cell: ({ outcomes }) => formatCount(outcomes.ok) },
    { heading: "not ok", cell: ({ outcomes }) => formatCount(countNotOk(outcomes)) },
    ...createCancelledColumns<Minute>(minutes, ({ outcomes }) => outcomes.cancelled),
    { heading: "p50", group: "slowdown", cell: ({ slowdown }) => renderQuantile(slowdown, "p50") },
    { heading: "p95", group: "slowdown", cell: ({ slowdown }) => renderQuantile(slowdown, "p95") },
    {
      heading: "p50",
      group: "response time",
      unit: "ms",
      cell: ({ responseTimeMs }) => renderQuantile(responseTimeMs, "p50"),
    },
    {
      heading: "p95",
      group: "response time",
      unit: "ms",
      cell: ({ responseTimeMs }) => renderQuantile(responseTimeMs, "p95"),
    },
    { heading: "cold invocations", cell: ({ coldInvocations }) => formatCount(coldInvocations) },
    {
      heading: "dispatch lag max",
      unit: "ms",
      cell: ({ dispatchLagMaxMs }) => formatNumber(dispatchLagMaxMs),
    },
  ], minutes);
}
