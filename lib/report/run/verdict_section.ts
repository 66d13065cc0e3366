import type { RunAnalysis } from "../../analyze/run_analysis.ts";
import { deriveExperimentVerdict } from "../../analyze/experiment_verdict.ts";
import type { StoredExperiment } from "../../store/read/experiment_folder.ts";
import type { LoaderPart, RunStatus, Verdict, VerdictWord } from "../../store/schema/manifest.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import {
  formatCount,
  formatNoun,
  formatNumber,
  formatShare,
  UNKNOWN,
} from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";

const MEANINGS: Readonly<Record<VerdictWord, string>> = {
  "VALID": "The generator kept its schedule and the platform answered: the figures may be used.",
  "PLATFORM-LIMITED":
    "The generator kept its schedule, but the platform did not answer all: read the figures as " +
    "those of an overloaded platform.",
  "GENERATOR-LIMITED":
    "The generator did not keep its schedule: the figures say nothing certain about the platform.",
};

/** Renders a verdict as a coloured word. */
export function renderVerdictWord(word: VerdictWord | null): Html {
  const name = word === null ? "none" : word.toLowerCase();
  return html`<span class="verdict ${name}">${word ?? "NO VERDICT"}</span>`;
}

/** Where in the page a run is. */
export function anchorOf(runName: string): string {
  return `run-${runName.replace(/[^A-Za-z0-9_-]/g, "-")}`;
}

/** Renders the verdict of the experiment, and of each run with its evidence. */
export function renderVerdictSection(
  experiment: StoredExperiment,
  runs: readonly RunAnalysis[],
): Html {
  // What makes no runs says nothing of a platform.
  if (experiment.manifest.answer?.kind === "derived" && experiment.manifest.error === null) {
    return NOTHING;
  }
  const { word, judged, isOpen } = deriveExperimentVerdict(experiment);
  const colour = word === null ? "none" : isOpen ? "open" : word.toLowerCase();
  return html`
    <section id="verdict" class="${colour}">
        <h2>Verdict: ${renderVerdictWord(word)}${isOpen ? " so far" : ""}</h2>
        ${renderNotice(experiment, runs)}
        <p>${runs.length === 0
          ? "There is no run in this experiment, so there is nothing to judge or to draw."
          : word === null
          ? "No run came to its end, so none was judged."
          : `${MEANINGS[word]}${describeScope(isOpen, judged)}`}</p>
    ${runs.length === 0 ? NOTHING : renderEvidence(runs)}
    ${renderLoaderTable(runs)}
        </section>
  `;
}

function describeScope(isOpen: boolean, judged: number): string {
  if (isOpen) return ` This holds for the ${formatNoun(judged, "run")} judged so far, no others.`;
  return judged > 1 ? ` This is the worst of ${judged} runs.` : "";
}

const STATUS_SENTENCES: Readonly<Record<RunStatus, string>> = {
  running: "This experiment has not ended: it is running still, or it broke off.",
  finished: "",
  overloaded: "This experiment stopped at an overload.",
  aborted: "This experiment was ended by a condition of --abort-when.",
  timed_out: "This experiment timed out.",
  interrupted: "This experiment was interrupted by the user.",
  failed: "This experiment failed.",
};

/** Renders what is missing from the experiment, if anything is. */
function renderNotice(
  { manifest, missingRuns }: StoredExperiment,
  runs: readonly RunAnalysis[],
): Html {
  const unjudged = runs.filter(({ run }) => run.manifest.verdict === null);
  const namesOfUnjudged = unjudged.map(({ run }) => run.manifest.name).join(", ");
  const sentences = [
    manifest.error ?? "",
    unjudged.length === 0 ? "" : `Without a verdict: ${namesOfUnjudged}.`,
    missingRuns.length === 0 ? "" : `Without any result: ${missingRuns.join(", ")}.`,
  ].filter((sentence) => sentence !== "");
  const status = STATUS_SENTENCES[manifest.status];
  if (status === "" && sentences.length === 0) return NOTHING;
  return html`<p class="notice"><strong>${status}</strong> ${sentences.join(" ")}</p>`;
}

function renderEvidence(runs: readonly RunAnalysis[]): Html {
  type Row = RunAnalysis;
  const evidence = (row: Row) => row.run.manifest.verdict?.evidence;
  return renderTable<Row>([
    {
      heading: "run",
      isText: true,
      cell: ({ run }) => html`<a href="#${anchorOf(run.manifest.name)}">${run.manifest.name}</a>`,
    },
    {
      heading: "verdict",
      isText: true,
      cell: ({ run }) => renderVerdictWord(run.manifest.verdict?.verdict ?? null),
    },
    { heading: "status", isText: true, cell: ({ run }) => run.manifest.status },
    {
      heading: "measured",
      cell: (row) => formatCount(evidence(row)?.measured ?? row.summary.invocations),
    },
    ...createEvidenceColumns(evidence),
    {
      heading: "reasons",
      isText: true,
      cell: ({ run }) =>
        [...run.manifest.verdict?.reasons ?? [], run.manifest.error ?? ""]
          .filter((reason) => reason !== "").join(" "),
    },
  ], runs);
}

/** A loader's part of a run. */
interface LoaderRow {
  readonly run: string;
  readonly loader: LoaderPart;
}

/**
 * Renders the verdicts on the loaders of runs that several made together;
 * nothing, where one loader made all.
 */
function renderLoaderTable(runs: readonly RunAnalysis[]): Html {
  const rows = runs.flatMap(({ run: { manifest: { name, loaders = [] } } }): LoaderRow[] =>
    loaders.length < 2 ? [] : loaders.map((loader) => ({ run: name, loader }))
  );
  if (rows.length === 0) return NOTHING;
  const evidence = ({ loader }: LoaderRow) => loader.verdict?.evidence;
  return html`
    <h3>Loaders</h3>
    <p>Several loaders made these runs, each the functions of its part. The generator is judged
    loader by loader and by the sums of all, the platform by the sums. In the table above, numbers
    of things are sums, and lag and delay are those of the loader that was worst off.</p>
    ${renderTable<LoaderRow>([
      { heading: "run", isText: true, cell: ({ run }) => run },
      { heading: "loader", cell: ({ loader }) => loader.index },
      {
        heading: "verdict",
        isText: true,
        cell: ({ loader }) => renderVerdictWord(loader.verdict?.verdict ?? null),
      },
      { heading: "status", isText: true, cell: ({ loader }) => loader.status },
      { heading: "functions", cell: ({ loader }) => formatCount(loader.plan.functions) },
      { heading: "invocations", cell: ({ loader }) => formatCount(loader.plan.invocations) },
      ...createEvidenceColumns(evidence),
    ], rows)}
  `;
}

/** The columns of what a verdict rests on, of rows that may have one. */
function createEvidenceColumns<Row>(
  evidence: (row: Row) => Verdict["evidence"] | undefined,
): readonly ReportColumn<Row>[] {
  return [
    {
      heading: "not ok",
      cell: (row) => {
        const known = evidence(row);
        if (known === undefined || known.measured === 0) return UNKNOWN;
        return formatShare(known.measuredNotOk / known.measured);
      },
    },
    { heading: "dropped", cell: (row) => formatCount(evidence(row)?.dropped ?? null) },
    {
      heading: "dispatch lag p99",
      unit: "ms",
      cell: (row) => formatNumber(evidence(row)?.dispatchLagP99Ms ?? null),
    },
    {
      heading: "loop delay p99",
      unit: "ms",
      cell: (row) => formatNumber(evidence(row)?.loopDelayP99Ms ?? null),
    },
    {
      heading: "busy seconds",
      cell: (row) => {
        const known = evidence(row);
        return known === undefined ? UNKNOWN : `${known.busySeconds.length} of ${known.seconds}`;
      },
    },
  ];
}
