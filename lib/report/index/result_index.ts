import { basename, dirname, join } from "node:path";
import { deriveExperimentVerdict } from "../../analyze/experiment_verdict.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { isMissing, readTextIfPresent, replaceFile, statIfPresent } from "../../base/file.ts";
import { readExperimentFolder, type StoredExperiment } from "../../store/read/experiment_folder.ts";
import { listAnswerFigures } from "../page/figure_files.ts";
import { FIGURE_FILES, pathOf } from "../page/figure_formats.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatDate, formatNoun } from "../page/number_format.ts";
import { renderPage } from "../page/page.ts";
import { renderVerdictWord } from "../run/verdict_section.ts";

/** An experiment of a folder of results. */
interface IndexedExperiment {
  /** Name of its folder. */
  readonly name: string;
  readonly experiment: StoredExperiment;
  readonly hasReport: boolean;
  /** The first figure of its answer; `null` without one. */
  readonly headline: Headline | null;
}

/** A figure, its paths in the folder of its experiment. */
interface Headline {
  readonly svg: string;
  /** Every file that there is of it. */
  readonly files: readonly { readonly label: string; readonly path: string }[];
}

/** A folder that holds an experiment that cannot be read. */
interface BrokenExperiment {
  readonly name: string;
  readonly sentence: string;
}

/** What an index was made of. */
export interface ResultIndex {
  /** Path of the page. */
  readonly html: string;
  readonly experiments: number;
  /** Names of the folders that cannot be read. */
  readonly broken: readonly string[];
}

/** Of a page that was made here; another is not replaced. */
const MARK = '<section id="experiments">';

/** True if a folder holds no experiment itself, yet folders that do. */
export function isResultFolder(folder: string): boolean {
  return statIfPresent(join(folder, "experiment.json")) === null &&
    listExperiments(folder).length > 0;
}

/**
 * Writes `index.html` over a folder of results: each experiment with its question, verdict
 * and the headline figure of its report, the latest first. What is in the folders is read
 * and left as it is; folders without an experiment are left out.
 *
 * @throws LoaderError `result` when the page cannot be written, or there is an `index.html`
 * that was not made here
 */
export async function renderResultIndex(folder: string): Promise<ResultIndex> {
  const found: IndexedExperiment[] = [];
  const broken: BrokenExperiment[] = [];
  for (const name of listExperiments(folder)) {
    try {
      found.push(await readExperiment(folder, name));
    } catch (error) {
      if (!(error instanceof LoaderError)) throw error;
      broken.push({ name, sentence: errorMessage(error) });
    }
  }
  // By name where they began at once, so that the same folder makes the same bytes.
  found.sort((a, b) =>
    b.experiment.manifest.createdAt.localeCompare(a.experiment.manifest.createdAt) ||
    a.name.localeCompare(b.name)
  );
  const page = join(folder, "index.html");
  const before = readTextIfPresent(page);
  if (before !== null && !before.includes(MARK)) {
    throw new LoaderError(
      "result",
      "This page was not made here and is not replaced; give it another name.",
      { file: page },
    );
  }
  try {
    replaceFile(page, renderPage("Experiments", renderBody(found, broken)));
  } catch (cause) {
    throw new LoaderError("result", "The index cannot be written.", { file: page, cause });
  }
  return { html: page, experiments: found.length, broken: broken.map(({ name }) => name) };
}

/** Names of the folders of experiments in a folder. */
export function listExperiments(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name, isDirectory }) =>
        isDirectory && statIfPresent(join(folder, name, "experiment.json")) !== null
      )
      .map(({ name }) => name).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw new LoaderError("input", "The folder cannot be read.", { file: folder, cause: error });
  }
}

async function readExperiment(folder: string, name: string): Promise<IndexedExperiment> {
  const path = join(folder, name);
  const experiment = await readExperimentFolder(path);
  const report = readTextIfPresent(join(path, "report.html"));
  const isThere = (file: string) => statIfPresent(join(path, file))?.isFile ?? false;
  const [svg] = report === null ? [] : listAnswerFigures(report).filter(isThere);
  const headline = svg === undefined ? null : {
    svg,
    files: FIGURE_FILES.map((file) => ({
      label: file.label,
      path: join(dirname(svg), pathOf(file, basename(svg, ".svg"))),
    })).filter((file) => isThere(file.path)),
  };
  return { name, experiment, hasReport: report !== null, headline };
}

function renderBody(
  experiments: readonly IndexedExperiment[],
  broken: readonly BrokenExperiment[],
): Html {
  return html`
    <header>
      <h1>Experiments</h1>
      <p class="small">${formatNoun(experiments.length, "experiment")}, the latest first.</p>
    </header>
    <section id="experiments">${experiments.map(renderExperiment)}</section>
    ${broken.length === 0 ? NOTHING : html`
      <section id="broken">
        <h2>Not readable</h2>
        <ul class="notes">${broken.map(({ name, sentence }) =>
          html`<li><strong>${name}</strong>: ${sentence}</li>`
        )}</ul>
      </section>
    `}
  `;
}

function renderExperiment({ name, experiment, hasReport, headline }: IndexedExperiment): Html {
  const { manifest, runs } = experiment;
  const { word, isOpen } = deriveExperimentVerdict(experiment);
  const folder = encodeURIComponent(name);
  const picture = headline === null ? NOTHING : html`<a href="${folder}/report.html"><img
      src="${folder}/${headline.svg}" alt="Answer to: ${manifest.question}"></a>`;
  return html`
    <article>
      <div class="thumbnail">${picture}</div>
      <div>
        <h3>${hasReport
          ? html`<a href="${folder}/report.html">${manifest.question}</a>`
          : manifest.question}</h3>
        <p>${renderVerdictWord(word)}${isOpen ? " so far" : ""}, ${manifest.status}</p>
        <p class="small">${manifest.experiment} on ${manifest.platform}, ${formatNoun(
          runs.length,
          "run",
        )}, started ${formatDate(manifest.createdAt)}</p>
        ${headline === null ? NOTHING : html`
          <p class="small files">${headline.files.map(({ label, path }, i) =>
            html`${i === 0 ? "" : ", "}<a href="${folder}/${path}">${label}</a>`
          )}</p>
        `}
        <p class="small"><a href="${folder}/">${name}</a>${hasReport
          ? ""
          : ": no report yet, “deno task report” with the folder makes it"}</p>
      </div>
    </article>
  `;
}
