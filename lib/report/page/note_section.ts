import type { StoredExperiment } from "../../store/read/experiment_folder.ts";
import type { TraceRepair } from "../../model/trace.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { formatCount } from "./number_format.ts";
import { renderTable } from "./table_section.ts";

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
      { heading: "defect", isText: true, cell: ({ defect }) => defect },
      { heading: "repair", isText: true, cell: ({ repair }) => repair },
      { heading: "count", cell: ({ count }) => formatCount(count) },
      { heading: "such as", isText: true, cell: ({ examples }) => examples.slice(0, 3).join("; ") },
    ], rows)}
    </section>
  `;
}
