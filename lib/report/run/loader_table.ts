import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import type { LoaderPart, VerdictWord } from "../../model/manifest.ts";
import { createEvidenceColumns } from "./evidence_columns.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatCount } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";

/** A loader's part of a run. */
interface Row {
  readonly run: string;
  readonly loader: LoaderPart;
}

/**
 * Renders the verdicts on the loaders of runs that several made together;
 * nothing, where one loader made all.
 */
export function renderLoaderTable(
  runs: readonly RunAnalysis[],
  renderWord: (word: VerdictWord | null) => Html,
): Html {
  const rows = runs.flatMap(({ run: { manifest: { name, loaders = [] } } }): Row[] =>
    loaders.length < 2 ? [] : loaders.map((loader) => ({ run: name, loader }))
  );
  if (rows.length === 0) return NOTHING;
  const evidence = ({ loader }: Row) => loader.verdict?.evidence;
  return html`
    <h3>Loaders</h3>
    <p>Several loaders made these runs, each the functions of its part. The generator is judged
    loader by loader and by the sums of all, the platform by the sums. In the table above, numbers
    of things are sums, and lag and delay are those of the loader that was worst off.</p>
    ${renderTable<Row>([
      { heading: "run", isText: true, cell: ({ run }) => run },
      { heading: "loader", cell: ({ loader }) => loader.index },
      {
        heading: "verdict",
        isText: true,
        cell: ({ loader }) => renderWord(loader.verdict?.verdict ?? null),
      },
      { heading: "status", isText: true, cell: ({ loader }) => loader.status },
      { heading: "functions", cell: ({ loader }) => formatCount(loader.plan.functions) },
      { heading: "invocations", cell: ({ loader }) => formatCount(loader.plan.invocations) },
      ...createEvidenceColumns(evidence),
    ], rows)}
  `;
}
