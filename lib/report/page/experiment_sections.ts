import type { StoredExperiment, StoredRun } from "../../store/read/experiment_folder.ts";
import { renderFacts, renderPlatformFacts } from "./fact_list.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { formatCount, formatDate, formatNoun, UNKNOWN } from "./number_format.ts";
import { renderTable } from "./table_section.ts";
import type { DefectSeverity, TraceRepair } from "../../model/trace.ts";
import type { Column, Table } from "../../model/table.ts";
import { COLD_START_PARTS, TABLES } from "../../store/schema/tables.ts";

/** Renders all that is needed to repeat the experiment. */
export function renderRepeatSection({ manifest, runs }: StoredExperiment): Html {
  const first = runs.at(0)?.manifest;
  return html`
    <section id="repeat">
    <h2>How to repeat it</h2>
    ${renderCommand(manifest.command)}
    ${first === undefined ? NOTHING : html`
      <dl>
        <dt>platform</dt>
        <dd>${first.platform.name}</dd>
        ${renderPlatformFacts(first.platform.facts)}
        <dt>versions</dt>
        <dd>${renderFacts(first.versions)}</dd>
        <dt>machine</dt>
        <dd>${renderFacts(first.machine)}</dd>
        <dt>options</dt>
        <dd><details><summary>${formatNoun(
          Object.keys(manifest.options).length,
          "option",
        )} in force, times in ms</summary>${renderOptions(manifest.options)}</details></dd>
      </dl>
      ${runs.length > 1
        ? html`<p class="small">Platform and machine as in the first run; the manifest of each run has its own.</p>`
        : NOTHING}
      ${renderTable<StoredRun>([
        { heading: "run", isText: true, cell: ({ manifest: { name } }) => name },
        { heading: "seed", cell: ({ manifest: { seed } }) => seed },
        {
          heading: "schedule hash",
          isText: true,
          cell: ({ manifest: { scheduleHash } }) =>
            scheduleHash === null ? UNKNOWN : html`<code>${scheduleHash}</code>`,
        },
        {
          heading: "trace",
          isText: true,
          cell: ({ manifest: { trace } }) =>
            trace === null ? UNKNOWN : html`${trace.name} <code>${trace.hash.slice(0, 16)}</code>`,
        },
        {
          heading: "started",
          isText: true,
          cell: ({ manifest: { createdAt } }) => formatDate(createdAt),
        },
      ], runs)}
    `}
    </section>
  `;
}

/** Renders a command line, to be copied. */
export function renderCommand(command: readonly string[]): Html {
  return html`<pre>${command.map(quoteArgument).join(" ")}</pre>`;
}

/** An argument as a shell takes it. */
function quoteArgument(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** Options as a user gives them, so that a value can be copied. */
function renderOptions(options: Readonly<Record<string, unknown>>): Html {
  return html`${
    Object.entries(options).map(([name, value]) =>
      html`
        <span class="fact"><span class="small">${name}</span> ${value === null
          ? UNKNOWN
          : String(value)}</span>
      `
    )
  }`;
}

/** Renders the notes of the experiment and its runs, each once, with the runs that it is on. */
export function renderNoteSection({ manifest, runs }: StoredExperiment): Html {
  const runsOfNote = new Map<string, string[]>(manifest.notes.map((note) => [note, []]));
  for (const run of runs) {
    for (const note of run.manifest.notes) {
      runsOfNote.set(note, [...runsOfNote.get(note) ?? [], run.manifest.name]);
    }
  }
  if (runsOfNote.size === 0) return NOTHING;
  const scopeOf = (names: readonly string[]) => {
    if (names.length === 0) return "";
    return names.length === runs.length ? " (every run)" : ` (${names.join(", ")})`;
  };
  return html`
    <section id="notes">
      <h2>Notes</h2>
      <ul>${[...runsOfNote].map(([note, names]) =>
        html`<li>${note}<span class="small">${scopeOf(names)}</span></li>`
      )}</ul>
    </section>
  `;
}

/** Renders a severity as a coloured word. */
export function renderSeverity(severity: DefectSeverity): Html {
  return html`<span class="severity ${severity}">${severity}</span>`;
}

/** Renders what was found wrong in the traces and how it was repaired, each trace once. */
export function renderRepairSection({ runs }: StoredExperiment): Html {
  const traces = new Map(
    runs.flatMap(({ manifest: { trace } }) =>
      trace === null ? [] : [[JSON.stringify(trace), trace]]
    ),
  );
  const rows = [...traces.values()].flatMap((trace) =>
    trace.repairs.map((repair) => ({ trace: trace.name, ...repair }))
  );
  if (traces.size === 0) return NOTHING;
  return html`
    <section id="repairs">
    <h2>Repairs of the trace</h2>
    ${rows.length === 0 ? html`<p>The trace needed no repair.</p>` : renderTable<
      TraceRepair & { readonly trace: string }
    >([
      { heading: "trace", isText: true, cell: ({ trace }) => trace },
      {
        heading: "severity",
        isText: true,
        cell: ({ severity }) => severity === undefined ? UNKNOWN : renderSeverity(severity),
      },
      { heading: "defect", isText: true, cell: ({ defect }) => defect },
      { heading: "repair", isText: true, cell: ({ repair }) => repair },
      { heading: "count", cell: ({ count }) => formatCount(count) },
      { heading: "such as", isText: true, cell: ({ examples }) => examples.slice(0, 3).join("; ") },
    ], rows)}
    </section>
  `;
}

/** Renders what every column of every result table means. */
export function renderColumnSection(
  tables: readonly Table[] = [...TABLES, COLD_START_PARTS],
): Html {
  return html`
    <section id="columns">
    <h2>Result tables</h2>
    <p>Each run's folder holds its manifest and these tables. An empty field means unknown.</p>
    ${tables.map((table) =>
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
