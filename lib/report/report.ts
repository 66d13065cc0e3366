import { join } from "node:path";
import { readExperimentFolder, type StoredExperiment } from "../store/read/experiment_folder.ts";
import { type LoadCertificate, LoadCertifier } from "../analyze/load_certificate.ts";
import { analyzeRun, readRunTables, type RunAnalysis } from "../analyze/run_analysis.ts";
import { beginTwinReading, type TwinAnalysis } from "../analyze/twin/twin_analysis.ts";
import { deriveExperimentVerdict, type ExperimentVerdict } from "../analyze/experiment_verdict.ts";
import type { Summary } from "../analyze/summary.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import { LoaderError } from "../base/error.ts";
import { replaceFile } from "../base/file.ts";
import type { Answer } from "./answers/answer.ts";
import { createAnswer } from "./answers/create_answer.ts";
import { deriveColdStartRows } from "../analyze/cold_start_parts.ts";
import { COLD_START_PARTS } from "../store/schema/tables.ts";
import { writeSchemaFiles } from "../store/write/schema_files.ts";
import { replaceTable } from "../store/write/csv_sink.ts";
import {
  renderColumnSection,
  renderNoteSection,
  renderRepairSection,
  renderRepeatSection,
} from "./page/experiment_sections.ts";
import { type Figure, renderFigures } from "./page/figure.ts";
import {
  type FigureWish,
  listFiguresOf,
  removeOldFigures,
  writeFigures,
} from "./page/figure_files.ts";
import { type FigureFormats, PLAIN_FORMATS } from "./page/figure_formats.ts";
import { renderCellSection } from "./run/cell_section.ts";
import { renderHealthSection } from "./run/health_section.ts";
import { renderLoadFigures, renderLoadSection } from "./run/certificate_section.ts";
import { type Html, html, NOTHING } from "./page/html.ts";
import { formatDate, formatNoun } from "./page/number_format.ts";
import { renderPage } from "./page/page.ts";
import { createPlotter, type Plotter } from "./plot/plotter.ts";
import { renderRunFigures, renderRunSection } from "./run/run_section.ts";
import { renderErrorBound, renderRunTable, renderWarmupTable } from "./run/run_table.ts";
import {
  collectCertificates,
  renderSampleFigures,
  renderSampleSection,
} from "./run/sample_section.ts";
import { renderTwinFigures, renderTwinSection } from "./twin/twin_section.ts";
import { renderVerdictSection } from "./run/verdict_section.ts";

/** Where a report was written. */
export interface Report {
  /** Path of the page. */
  readonly html: string;
  /** Paths of the figures as SVG files. */
  readonly figures: readonly string[];
  readonly verdict: ExperimentVerdict;
  /** What each run came to. */
  readonly runs: readonly RunResult[];
}

/** A run and what it came to. */
export interface RunResult {
  readonly manifest: RunManifest;
  /** Of the measurement phase. */
  readonly summary: Summary;
}

/**
 * Makes the report of an experiment from its files alone: `report.html`, one
 * page that needs nothing beside itself, and every figure as an SVG file in
 * `figures`, in place of those of an earlier report; and where a platform tells
 * the steps of its starts, the table of their parts in the run's folder. The same
 * files make the same bytes.
 *
 * @param folder the experiment's folder, with its `experiment.json`
 * @param formats the further files of each figure
 * @throws LoaderError `input` when the folder holds no experiment, `result`
 * when a file in it is broken or the report cannot be written
 */
export async function renderReport(
  folder: string,
  formats: FigureFormats = PLAIN_FORMATS,
): Promise<Report> {
  const experiment = await readExperimentFolder(folder);
  const answer = createAnswer(experiment);
  const analyses: RunAnalysis[] = [];
  const twins: (TwinAnalysis | null)[] = [];
  const loads: LoadCertificate[] = [];
  for (const run of experiment.runs) {
    // One run's tables at a time: they may be large.
    const tables = readRunTables(run);
    const twin = beginTwinReading(tables);
    const load = new LoadCertifier(run.manifest);
    const listeners = [answer.listen?.(tables), twin?.listener, load];
    const { analysis, coldStarts } = analyzeRun(
      tables,
      listeners.filter((listener) => listener !== undefined),
    );
    await answer.add(analysis, tables);
    if (coldStarts !== null) {
      await replaceTable(run.path, COLD_START_PARTS, deriveColdStartRows(coldStarts));
    }
    analyses.push(analysis);
    loads.push(load.derive());
    twins.push(twin?.build(analysis.endMs) ?? null);
  }
  await writeSchemaFiles(folder);
  const certificates = collectCertificates(experiment.runs);
  const drawWith = (plotter: Plotter): ReportFigures => {
    const draw = (figures: readonly Figure[]) => figures.map((figure) => ({ ...figure, formats }));
    return {
      answer: draw(answer.render(plotter)),
      loads: draw(renderLoadFigures(loads, plotter)),
      samples: draw(renderSampleFigures(certificates, plotter)),
      runs: analyses.map((analysis) => draw(renderRunFigures(analysis, plotter))),
      twins: twins.map((twin, i) =>
        twin === null ? [] : draw(renderTwinFigures(twin, analyses[i], plotter))
      ),
    };
  };
  const figures = drawWith(await createPlotter());
  const twinSections = twins.map((twin, i) =>
    twin === null ? NOTHING : renderTwinSection(twin, figures.twins[i])
  );
  const text = renderPage(
    `${experiment.manifest.experiment} on ${experiment.manifest.platform}`,
    renderBody(
      experiment,
      analyses,
      renderAnswer(answer, figures.answer),
      html`${renderLoadSection(loads, figures.loads)}${
        renderSampleSection(certificates, figures.samples)
      }`,
      figures.runs,
      twinSections,
    ),
  );
  const written = await writeReport(folder, text, listFigures(figures), {
    formats,
    redraw: (plotter) => listFigures(drawWith(plotter)),
  });
  return {
    ...written,
    verdict: deriveExperimentVerdict(experiment),
    runs: analyses.map(({ run: { manifest }, summary }) => ({ manifest, summary })),
  };
}

/** The figures of a report, by its parts. */
interface ReportFigures {
  readonly answer: readonly Figure[];
  readonly loads: readonly Figure[];
  readonly samples: readonly Figure[];
  readonly runs: readonly (readonly Figure[])[];
  readonly twins: readonly (readonly Figure[])[];
}

function listFigures({ answer, loads, samples, runs, twins }: ReportFigures): Figure[] {
  return [...answer, ...loads, ...samples, ...runs.flat(), ...twins.flat()];
}

function renderBody(
  experiment: StoredExperiment,
  analyses: readonly RunAnalysis[],
  answer: Html,
  samples: Html,
  runFigures: readonly (readonly Figure[])[],
  twinSections: readonly Html[],
): Html {
  const { manifest } = experiment;
  return html`
    <header>
      <h1>${manifest.question}</h1>
      <p class="small">${manifest.experiment}${manifest.answer?.kind === "derived"
        ? ", derived from the trace alone"
        : ` on ${manifest.platform}, ${formatNoun(analyses.length, "run")}`}, started ${formatDate(
          manifest.createdAt,
        )}${manifest.endedAt === null ? "" : `, ended ${formatDate(manifest.endedAt)}`}</p>
    </header>
    ${renderVerdictSection(experiment, analyses)}
    ${answer}
    ${renderCellSection(experiment)}
    ${analyses.length === 0 ? NOTHING : html`
      <section id="runs"><h2>Runs</h2>${renderRunTable(analyses)}
      ${renderErrorBound(analyses)}
      ${renderWarmupTable(experiment.runs)}
      ${analyses.map((analysis, i) =>
        renderRunSection(analysis, runFigures[i], twinSections[i], i === 0)
      )}
      </section>
      ${renderHealthSection(analyses)}
    `}
    ${samples}
    ${renderNoteSection(experiment)}
    ${renderRepairSection(experiment)}
    ${renderRepeatSection(experiment)}
    ${renderColumnSection()}
  `;
}

function renderAnswer(answer: Answer, figures: readonly Figure[]): Html {
  const text = answer.renderText?.() ?? NOTHING;
  const table = answer.renderTable?.() ?? NOTHING;
  if (text === NOTHING && table === NOTHING && figures.length === 0) return NOTHING;
  return html`
    <section id="answer"><h2>Answer</h2>${text}${renderFigures(figures)}${table}</section>
  `;
}

async function writeReport(
  folder: string,
  text: string,
  figures: readonly Figure[],
  wish: FigureWish,
): Promise<Omit<Report, "verdict" | "runs">> {
  const page = join(folder, "report.html");
  try {
    const before = await listFiguresOf(page);
    const paths = await writeFigures(folder, figures, wish);
    replaceFile(page, text);
    await removeOldFigures(folder, before, figures);
    return { html: page, figures: paths };
  } catch (error) {
    throw new LoaderError("result", "The report cannot be written.", {
      file: folder,
      cause: error,
    });
  }
}
