import { LoaderError } from "../../base/error.ts";
import {
  readExperimentFolder,
  type StoredExperiment,
  type StoredRun,
} from "../../store/read/experiment_folder.ts";
import { type CutRun, readCutRun } from "./blocked_run.ts";
import { type CompareOptions, compareRuns, type RunComparison } from "./compare_runs.ts";

/** The runs of both sides of a cell, read; let go of when the next cell is read. */
export interface CellRuns {
  readonly a: readonly CutRun[];
  readonly b: readonly CutRun[];
}

/** Runs of both sides that differ from one another in their repetition alone. */
export interface ComparedCell {
  /** What they have in common: `functions 20`; empty where the experiment has one cell. */
  readonly label: string;
  readonly comparison: RunComparison;
  /** What a reader should know: runs left out, settings that differ. */
  readonly notes: readonly string[];
}

/** Runs that are compared with others, and what they are called. */
export interface ComparedSide extends StoredExperiment {
  /** The folder of an experiment of its own, or what it has otherwise than the other side. */
  readonly name: string;
}

/** What comparing two experiments came to. */
export interface ExperimentComparison {
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  readonly cells: readonly ComparedCell[];
  readonly notes: readonly string[];
}

/** The parameter in which runs of one cell differ. */
const REPETITION = "repetition";

/**
 * Compares two experiments, cell by cell: runs with the same parameters, whatever their
 * repetition. Runs that did not end are left out, and told.
 *
 * @param pathA folder of the experiment that the other is compared with
 * @param onCell told the runs of each cell, in the order of the cells
 * @throws LoaderError `input` when a folder holds no experiment, or both have no runs in common
 */
export async function compareExperiments(
  pathA: string,
  pathB: string,
  options: CompareOptions = {},
  onCell: (runs: CellRuns) => void = () => {},
): Promise<ExperimentComparison> {
  const [a, b] = [await readExperimentFolder(pathA), await readExperimentFolder(pathB)];
  return compareSides({ ...a, name: pathA }, { ...b, name: pathB }, options, onCell);
}

/**
 * Compares two sides, as {@linkcode compareExperiments} does.
 *
 * @throws LoaderError `input` when both have no runs in common
 */
export function compareSides(
  a: ComparedSide,
  b: ComparedSide,
  options: CompareOptions = {},
  onCell: (runs: CellRuns) => void = () => {},
): ExperimentComparison {
  const [cellsA, cellsB] = [groupRuns(a), groupRuns(b)];
  const labels = [...cellsA.keys()].filter((label) => cellsB.has(label));
  if (labels.length === 0) {
    throw new LoaderError(
      "input",
      `The experiments have no finished runs in common: ${describeCells(a, cellsA)}, and ` +
        `${describeCells(b, cellsB)}.`,
      { file: b.path },
    );
  }
  const cells = labels.map((label) => {
    const [runsA, runsB] = [cellsA.get(label)!, cellsB.get(label)!];
    const read = { a: runsA.map(readCutRun), b: runsB.map(readCutRun) };
    onCell(read);
    const comparison = compareRuns(read.a, read.b, options);
    return { label, comparison, notes: [...noteVerdicts(runsA), ...noteVerdicts(runsB)] };
  });
  return { a, b, cells, notes: noteDifferences(a, b, cellsA, cellsB) };
}

function groupRuns({ runs }: StoredExperiment): Map<string, StoredRun[]> {
  const cells = new Map<string, StoredRun[]>();
  for (const run of runs) {
    if (!isWhole(run)) continue;
    const label = Object.entries(run.manifest.parameters)
      .filter(([name]) => name !== REPETITION)
      .map(([name, value]) => `${name} ${value}`).join(", ");
    const cell = cells.get(label);
    if (cell === undefined) cells.set(label, [run]);
    else cell.push(run);
  }
  return cells;
}

/** True for runs that came to their end; overload is a result too. */
function isWhole({ manifest: { status } }: StoredRun): boolean {
  return status === "finished" || status === "overloaded";
}

function describeCells({ name }: ComparedSide, cells: ReadonlyMap<string, unknown>): string {
  if (cells.size === 0) return `${name} has none that ended`;
  return `${name} has ${[...cells.keys()].map((label) => label || "one run").join("; ")}`;
}

/** A run whose own load was late says less of the platform. */
function noteVerdicts(runs: readonly StoredRun[]): string[] {
  return runs.flatMap(({ path, manifest: { verdict } }) =>
    verdict === null || verdict.verdict === "VALID"
      ? []
      : [`${path} is ${verdict.verdict}; what differs may not be the platform's.`]
  );
}

function noteDifferences(
  a: ComparedSide,
  b: ComparedSide,
  cellsA: ReadonlyMap<string, readonly StoredRun[]>,
  cellsB: ReadonlyMap<string, readonly StoredRun[]>,
): string[] {
  const only = (
    { name }: ComparedSide,
    own: ReadonlyMap<string, unknown>,
    other: ReadonlyMap<string, unknown>,
  ) => {
    const labels = [...own.keys()].filter((label) => !other.has(label));
    return labels.length === 0 ? [] : [`Only ${name} has ${labels.join("; ")}.`];
  };
  const unfinished = [a, b].flatMap(({ runs }) =>
    runs.filter((run) => !isWhole(run))
      .map(({ path, manifest }) => `${path} is ${manifest.status} and left out.`)
  );
  const differing = listDifferingOptions(a, b);
  return [
    ...differing.length === 0
      ? ["Both were made with the same options."]
      : [`Their options differ in ${differing.join(", ")}.`],
    ...only(a, cellsA, cellsB),
    ...only(b, cellsB, cellsA),
    ...unfinished,
  ];
}

function listDifferingOptions(a: StoredExperiment, b: StoredExperiment): string[] {
  const [optionsA, optionsB] = [a, b].map(({ manifest }) =>
    (manifest.options ?? {}) as Readonly<Record<string, unknown>>
  );
  const names = new Set([...Object.keys(optionsA), ...Object.keys(optionsB)]);
  names.delete("output");
  return [...names].filter((name) =>
    JSON.stringify(optionsA[name]) !== JSON.stringify(optionsB[name])
  ).map((name) => `${name} (${show(optionsA[name])} and ${show(optionsB[name])})`);
}

/** Of a distribution, its kind and numbers: `log-normal 180 0.2`. */
function show(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return typeof value === "object" ? Object.values(value).join(" ") : String(value);
}
