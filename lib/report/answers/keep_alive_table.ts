import { wastedMibS } from "../../analyze/memory_time.ts";
import { LEAST_BEYOND, rankedQuantile } from "../../stats/quantile.ts";
import { type Html, html } from "../page/html.ts";
import {
  chooseReference,
  coldShareOf,
  type KeepAliveRun,
  relativeWaste,
} from "./keep_alive_run.ts";
import { formatCount, formatNumber, formatPercent } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";

const S_PER_HOUR = 3600;

/** Renders what each policy came to as a table, and how to read it. */
export function renderKeepAliveTable(runs: readonly KeepAliveRun[]): Html {
  const reference = chooseReference(runs);
  const memory = { group: "memory-time", unit: "MiB·h" } as const;
  const columns: ReportColumn<KeepAliveRun>[] = [
    { heading: "policy", isText: true, cell: ({ policy }) => policy },
    { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
    { heading: "not ok", unit: "%", cell: (run) => formatPercent(run.notOkShare) },
    { heading: "cold", cell: ({ cold }) => formatCount(cold) },
    { heading: "cold", unit: "%", cell: (run) => formatPercent(coldShareOf(run)) },
    {
      heading: "functions’ p75",
      unit: "% cold",
      cell: ({ coldShareOfFunctions }) =>
        formatPercent(rankedQuantile(coldShareOfFunctions, 0, 0.75)),
    },
    { ...memory, heading: "starting", cell: hoursOf(({ startingMibS }) => startingMibS) },
    { ...memory, heading: "idle", cell: hoursOf(({ idleMibS }) => idleMibS) },
    { ...memory, heading: "serving", cell: hoursOf(({ servingMibS }) => servingMibS) },
    { ...memory, heading: "wasted", cell: hoursOf(wastedMibS) },
    {
      heading: "wasted",
      unit: `% of ${reference.policy}`,
      cell: (run) => formatPercent(relativeWaste(run, reference)),
    },
  ];
  return html`
    ${renderTable(columns, runs)}
    <p class="small">Invocations are those that an instance answered, of which it is known whether
    they were cold; not ok is the part of all that was refused, given up or failed: whoever refuses
    what would be cold has few cold ones. Memory-time is the memory of instances times how long they were there, within the
    measurement phase; wasted is what was not spent serving: starting and idle. The memory of an
    instance is what its function’s invocations asked for on average. Functions’ p75 is the third
    quartile, over the functions, of the part of their invocations that was cold; it needs
    ${4 * LEAST_BEYOND} functions.</p>
  `;
}

function hoursOf(
  mibSOf: (time: NonNullable<KeepAliveRun["memoryTime"]>) => number,
): (run: KeepAliveRun) => string {
  return ({ memoryTime }) =>
    formatNumber(
      memoryTime === null ? null : mibSOf(memoryTime) / S_PER_HOUR,
    );
}
