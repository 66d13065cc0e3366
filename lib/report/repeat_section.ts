import type { ExperimentFolder, RunFolder } from "../analyze/experiment_folder.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { renderTable } from "./table_section.ts";

/** Renders all that is needed to repeat the experiment. */
export function renderRepeatSection({ manifest, runs }: ExperimentFolder): Html {
  const first = runs.at(0)?.manifest;
  return html`
    <section id="repeat">
    <h2>How to repeat it</h2>
    <pre>${manifest.command.map(quoteArgument).join(" ")}</pre>
    ${first === undefined ? NOTHING : html`
      <dl>
        <dt>platform</dt>
        <dd>${renderFacts({ name: first.platform.name, ...first.platform.facts })}</dd>
        <dt>versions</dt>
        <dd>${renderFacts(first.versions)}</dd>
        <dt>machine</dt>
        <dd>${renderFacts(first.machine)}</dd>
        <dt>options</dt>
        <dd>${renderFacts(manifest.options)}</dd>
      </dl>
      ${renderTable<RunFolder>([
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
            trace === null ? "–" : html`${trace.name} <code>${trace.hash.slice(0, 16)}</code>`,
        },
        { heading: "started", isText: true, cell: ({ manifest: { createdAt } }) => createdAt },
      ], runs)}
    `}
    </section>
  `;
}

/** An argument as a shell takes it. */
function quoteArgument(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

function renderFacts(facts: Readonly<Record<string, unknown>>): Html {
  return html`${
    Object.entries(facts).map(([name, value]) =>
      html`
        <span class="fact"><span class="small">${name}</span> ${typeof value === "object"
          ? JSON.stringify(value)
          : String(value)}</span>
      `
    )
  }`;
}
