import { type Html, html, type HtmlPart } from "./html.ts";

/** A column of a table of a report. */
export interface ReportColumn<Row> {
  readonly heading: HtmlPart;
  /** Stands above the headings of neighbours of the same group. */
  readonly group?: string;
  /** Stands below the heading: `ms`, `MiB`. */
  readonly unit?: string;
  readonly isText?: boolean;
  cell(row: Row): HtmlPart;
}

/** Renders a table: numbers to the right, text to the left. */
export function renderTable<Row>(
  columns: readonly ReportColumn<Row>[],
  rows: readonly Row[],
): Html {
  const heads = columns.map(({ heading, unit, isText }) =>
    html`<th class="${isText ? "text" : "number"}">${heading}${
      unit === undefined ? "" : html`
        <small>${unit}</small>
      `
    }</th>`
  );
  const body = rows.map((row) =>
    html`
      <tr>${columns.map((column) =>
        html`<td class="${column.isText ? "text" : "number"}">${column.cell(row)}</td>`
      )}</tr>
    `
  );
  return html`
    <div class="table">
      <table>
        <thead>${renderGroups(columns)}<tr>${heads}</tr></thead>
        <tbody>${body}
        </tbody>
      </table>
    </div>
  `;
}

function renderGroups<Row>(columns: readonly ReportColumn<Row>[]): HtmlPart {
  if (columns.every((column) => column.group === undefined)) return "";
  const groups: { readonly name: string | undefined; span: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last !== undefined && last.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  return html`<tr class="groups">${
    groups.map(({ name, span }) => html`<th colspan="${span}">${name ?? ""}</th>`)
  }</tr>`;
}
