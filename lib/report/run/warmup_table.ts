import type { StoredRun } from "../../store/read/experiment_folder.ts";
import type { WarmupCheck } from "../../model/manifest.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatCount, formatNumber } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";

interface Row extends WarmupCheck {
  readonly name: string;
}

/** Renders whether the warm-up of each run ended in a steady state; nothing where none was checked. */
export function renderWarmupTable(runs: readonly StoredRun[]): Html {
  const rows = runs.flatMap(({ manifest: { name, warmupCheck } }): Row[] =>
    warmupCheck === null ? [] : [{ name, ...warmupCheck }]
  );
  if (rows.length === 0) return NOTHING;
  return html`
    <h3>Warm-up</h3>
    <div id="warmup">${renderTable<Row>([
      { heading: "run", isText: true, cell: ({ name }) => name },
      { heading: "stationary", isText: true, cell: ({ stationary }) => wordOf(stationary) },
      { heading: "statistic", cell: ({ statistic }) => formatNumber(statistic) },
      {
        heading: "5 % critical value",
        cell: ({ criticalValue5Percent }) => formatNumber(criticalValue5Percent),
      },
      { heading: "p-value", cell: ({ pValue }) => formatPValue(pValue) },
      { heading: "invocations", cell: ({ observations }) => formatCount(observations) },
    ], rows)}</div>
    <p class="small">Augmented Dickey-Fuller test of response time − served runtime over the last minute
    of the warm-up, in time order. Stationary: p-value at most 0.05 and statistic at most the critical
    value. Undetermined: fewer than 4 invocations, or all alike.</p>
  `;
}

function wordOf(stationary: boolean | null): string {
  if (stationary === null) return "undetermined";
  return stationary ? "yes" : "no";
}

function formatPValue(pValue: number | null): string {
  return pValue !== null && pValue < 0.001 ? "< 0.001" : formatNumber(pValue);
}
