import type { CellStatus, ExperimentCell } from "../../store/schema/manifest.ts";
import type { StoredExperiment } from "../../store/read/experiment_folder.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatValue, splitName } from "../page/name_format.ts";
import { formatNoun, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import { anchorOf } from "./verdict_section.ts";

/** Renders what became of each planned run, where something is varied or one is not simply ok. */
export function renderCellSection({ manifest: { cells = [], matrix } }: StoredExperiment): Html {
  if (matrix === undefined && cells.every(({ status }) => status === "ok")) return NOTHING;
  if (cells.length === 0) return NOTHING;
  const names = [...new Set(cells.flatMap(({ parameters }) => Object.keys(parameters)))]
    .filter((name) =>
      new Set(cells.map(({ parameters }) => String(parameters[name] ?? ""))).size > 1
    );
  return html`
    <section id="cells"><h2>Planned runs</h2>
    <p>${describeCounts(cells)}</p>
    ${renderTable<ExperimentCell>([
      {
        heading: "run",
        isText: true,
        cell: ({ run, status }) =>
          status === "skipped" ? run : html`<a href="#${anchorOf(run)}">${run}</a>`,
      },
      ...names.map((name) => {
        const { words, unit } = splitName(name);
        return {
          heading: words,
          unit: unit || undefined,
          isText: true,
          cell: ({ parameters }: ExperimentCell) =>
            name in parameters ? formatValue(name, parameters[name]) : UNKNOWN,
        };
      }),
      {
        heading: "status",
        isText: true,
        cell: ({ status }) => status === "ok" ? status : html`<strong>${status}</strong>`,
      },
      { heading: "why", isText: true, cell: ({ reason }) => reason ?? "" },
    ], cells)}
    <p class="small">In the order in which they were made${matrix === undefined
      ? ""
      : ": in turns, each combination once a turn, in an order drawn by the seed, so that what " +
        "drifts hits all alike"}. A run is skipped where one that it builds on was overloaded or aborted.</p>
    </section>
  `;
}

/** `7 runs: 6 ok, 1 skipped.` */
function describeCounts(cells: readonly ExperimentCell[]): string {
  const statuses = [...new Set(cells.map(({ status }) => status))];
  const counts = statuses.map((status: CellStatus) =>
    `${cells.filter((cell) => cell.status === status).length} ${status}`
  );
  return `${formatNoun(cells.length, "run")}: ${counts.join(", ")}.`;
}
