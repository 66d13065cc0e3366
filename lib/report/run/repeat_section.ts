import type { StoredExperiment, StoredRun } from "../../store/read/experiment_folder.ts";
import { renderFacts, renderPlatformFacts } from "../page/fact_list.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatDate, formatNoun, UNKNOWN } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";

/** Renders all that is needed to repeat the experiment. */
export function renderRepeatSection({ manifest, runs }: StoredExperiment): Html {
  const first = runs.at(0)?.manifest;
  return html`
    <section id="repeat">
    <h2>How to repeat it</h2>
    <pre>${manifest.command.map(quoteArgument).join(" ")}</pre>
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
          cell: ({ manifest: { scheduleHash } }) => html`<code>${scheduleHash}</code>`,
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
