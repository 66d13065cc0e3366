import type { Column, Table } from "../../model/table.ts";
import { COLD_START_PARTS, TABLES } from "../../store/schema/tables.ts";
import { type Html, html } from "./html.ts";
import { renderTable } from "./table_section.ts";

/** Renders what every column of every result table means. */
export function renderColumnSection(): Html {
  return html`
    <section id="columns">
    <h2>Result tables</h2>
    <p>Each run's folder holds its manifest and these tables. An empty field means unknown.</p>
    ${[...TABLES, COLD_START_PARTS].map((table: Table) =>
      html`<details><summary><code>${table.name}.csv</code> <span class="small">${table.meaning}</span></summary>${
        renderTable<Column>([
          { heading: "column", isText: true, cell: ({ name }) => html`<code>${name}</code>` },
          { heading: "type", isText: true, cell: ({ type }) => type },
          { heading: "unit", isText: true, cell: ({ unit }) => unit ?? "" },
          { heading: "meaning", isText: true, cell: ({ meaning }) => meaning },
        ], table.columns)
      }</details>`
    )}
    </section>
  `;
}
