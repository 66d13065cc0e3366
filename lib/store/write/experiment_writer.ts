import { isDeepStrictEqual } from "node:util";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { statIfPresent } from "../../base/file.ts";
import { formatJson } from "../../base/json.ts";
import {
  type ExperimentCell,
  type ExperimentManifest,
  hasResult,
  type InputHashes,
  type RunManifest,
} from "../schema/manifest.ts";
import { readExperimentManifest, readRunManifest } from "../read/manifest_reader.ts";
import { DiskReserve, writeManifest } from "./manifest_file.ts";
import { RunWriter } from "./run_writer.ts";

/**
 * The folder of an experiment: `experiment.json` and `runs/`. An experiment that
 * broke off goes on in the same folder; a finished one is never touched.
 */
export class ExperimentWriter {
  readonly path: string;
  readonly #reserve: DiskReserve;
  #manifest: ExperimentManifest;

  /** What a person should know of the folder as it was found. */
  readonly openingNotes: readonly string[];

  private constructor(path: string, manifest: ExperimentManifest, notes: readonly string[] = []) {
    this.path = path;
    this.openingNotes = notes;
    this.#manifest = manifest;
    writeManifest(`${path}/experiment.json`, manifest);
    try {
      this.#reserve = new DiskReserve(`${path}/disk_reserve`);
    } catch (cause) {
      throw new LoaderError("result", "There is no room for results; make some on the disk.", {
        file: path,
        cause,
      });
    }
  }

  /**
   * Makes the folder, or takes up one that the same experiment with the same
   * options, of the same traces, schedules and files, has left unfinished. What
   * an earlier version left, which kept no hashes of these, is taken up with a
   * note, if the runs that are there have the same schedules.
   *
   * @throws LoaderError `usage` when the folder holds anything else
   */
  static open(path: string, manifest: ExperimentManifest): ExperimentWriter {
    const previous = readEarlier(readExperimentManifest, path);
    if (previous === undefined) {
      if (!isEmptyOrMissing(path)) {
        throw new LoaderError(
          "usage",
          "The output folder holds other files; name a new or empty one.",
          { file: path },
        );
      }
      try {
        Deno.mkdirSync(`${path}/runs`, { recursive: true });
      } catch (cause) {
        throw new LoaderError("usage", "The output folder cannot be made; name another.", {
          file: path,
          cause,
        });
      }
      return new ExperimentWriter(path, manifest);
    }
    refuseOther(path, previous, manifest);
    refuseOtherInputs(path, previous, manifest);
    refuseOtherRuns(path, manifest);
    const notes = previous.inputs === undefined ? [NOTE_UNKNOWN_INPUTS] : [];
    const taken: ExperimentManifest = {
      ...previous,
      answer: manifest.answer,
      inputs: mergeInputs(previous.inputs, manifest.inputs),
      notes: [...previous.notes, ...notes],
      command: manifest.command,
      status: "running",
      error: null,
      endedAt: null,
    };
    return new ExperimentWriter(path, taken, notes);
  }

  get manifest(): ExperimentManifest {
    return this.#manifest;
  }

  /** Changes fields of the manifest and writes it; for its last words, room is made. */
  update(changes: Partial<ExperimentManifest>): void {
    this.#manifest = { ...this.#manifest, ...changes };
    const path = `${this.path}/experiment.json`;
    if (this.#manifest.status === "running") return writeManifest(path, this.#manifest);
    writeManifest(path, this.#manifest, this.#reserve);
    this.#reserve.release();
  }

  /**
   * The manifest of a run that came to its end earlier, if there is one.
   *
   * @param content what it must be made of; without, it is not compared
   * @throws LoaderError `usage` when it is not of the same trace and schedule
   */
  completedRun(name: string, content?: RunContent): RunManifest | undefined {
    return findCompletedRun(this.path, this.#manifest.experiment, name, content);
  }

  /** Keeps the hash of a schedule that was known only when its run had gone through it. */
  keepSchedule(run: string, hash: string): void {
    const { inputs } = this.#manifest;
    if (inputs === undefined) return;
    this.update({ inputs: { ...inputs, schedules: { ...inputs.schedules, [run]: hash } } });
  }

  /** Keeps what became of a planned run, in the place of what became of it before. */
  keepCell(cell: ExperimentCell): void {
    const others = (this.#manifest.cells ?? []).filter(({ run }) => run !== cell.run);
    this.update({ cells: [...others, cell] });
  }

  /** Makes the folder of a run of functions with these ids; see {@linkcode clearRunFolder}. */
  startRun(manifest: RunManifest, functionIds: readonly string[]): RunWriter {
    const path = clearRunFolder(this.path, manifest.name);
    const folder = new RunWriter(path, manifest, functionIds, this.#reserve);
    this.keepRun(manifest.name);
    return folder;
  }

  /** Keeps that there is a run. */
  keepRun(name: string): void {
    const relative = `runs/${name}`;
    if (this.#manifest.runs.includes(relative)) return;
    this.update({ runs: [...this.#manifest.runs, relative] });
  }
}

/**
 * The path of a run's folder, which is not there then: one that broke off before is kept, beside
 * the runs, in `broken-off/`.
 *
 * @param experiment path of its folder
 */
export function clearRunFolder(experiment: string, name: string): string {
  const path = `${experiment}/runs/${name}`;
  if (statIfPresent(path) === null) return path;
  const keep = `${experiment}/broken-off/${name}`;
  let attempt = 1;
  while (statIfPresent(`${keep}_${attempt}`) !== null) attempt++;
  Deno.mkdirSync(`${experiment}/broken-off`, { recursive: true });
  Deno.renameSync(path, `${keep}_${attempt}`);
  return path;
}

function refuseOther(
  path: string,
  previous: ExperimentManifest,
  manifest: ExperimentManifest,
): void {
  if (hasResult(previous.status)) {
    throw new LoaderError(
      "usage",
      `The folder holds a finished ${previous.experiment}; name another with --output.`,
      { file: path },
    );
  }
  const differing = previous.experiment !== manifest.experiment
    ? "experiment"
    // An earlier version kept none.
    : previous.answer !== undefined && !isDeepStrictEqual(previous.answer, manifest.answer)
    ? "answer"
    : [...new Set([...Object.keys(previous.options), ...Object.keys(manifest.options)])]
      .find((name) => formatJson(previous.options[name]) !== formatJson(manifest.options[name]));
  if (differing !== undefined) {
    throw new LoaderError(
      "usage",
      `The folder holds an unfinished ${previous.experiment} with another ${differing}; ` +
        "go on with the same options or name another folder with --output.",
      { file: path },
    );
  }
}

/** What is told of a folder in which only options and schedules could be compared. */
const NOTE_UNKNOWN_INPUTS =
  "An earlier version began this experiment and kept no hashes of the files that its options name; " +
  "whether they are the same when it went on is not known.";

/** @throws LoaderError `usage` when a file, a trace or a schedule has another content than before */
function refuseOtherInputs(
  path: string,
  { experiment, inputs: previous }: ExperimentManifest,
  { inputs }: ExperimentManifest,
): void {
  if (previous === undefined || inputs === undefined) return;
  const kinds: readonly [what: (name: string) => string, keyof InputHashes][] = [
    [(option) => `another content of the file of --${toKebabCase(option)}`, "files"],
    [(run) => `another content of the trace of ${run}`, "traces"],
    [(run) => `another schedule of ${run}`, "schedules"],
  ];
  for (const [what, kind] of kinds) {
    for (const [name, hash] of Object.entries(inputs[kind])) {
      const before = previous[kind][name];
      if (before === undefined || before === hash) continue;
      throw refuseContent(path, experiment, what(name), before, hash);
    }
  }
}

/** @throws LoaderError `usage` when a run that is there is not the one that would be made */
function refuseOtherRuns(path: string, { experiment, inputs }: ExperimentManifest): void {
  for (const [name, hash] of Object.entries(inputs?.schedules ?? {})) {
    refuseOtherRun(path, experiment, name, {
      scheduleHash: hash,
      traceHash: inputs?.traces[name] ?? null,
    });
  }
}

/** As {@linkcode ExperimentWriter.completedRun}, of the folder of an experiment. */
export function findCompletedRun(
  path: string,
  experiment: string,
  name: string,
  content?: RunContent,
): RunManifest | undefined {
  return content === undefined
    ? readCompletedRun(path, name)
    : refuseOtherRun(path, experiment, name, content);
}

/** What a run is made of. */
export interface RunContent {
  readonly scheduleHash: string;
  /** `null`: it replays none. */
  readonly traceHash: string | null;
}

function refuseOtherRun(
  path: string,
  experiment: string,
  name: string,
  { scheduleHash, traceHash }: RunContent,
): RunManifest | undefined {
  const done = readCompletedRun(path, name);
  if (done === undefined) return undefined;
  if (done.scheduleHash !== scheduleHash) {
    const what = `the run ${name} with another schedule`;
    throw refuseContent(path, experiment, what, done.scheduleHash ?? "not known", scheduleHash);
  }
  const before = done.trace?.hash ?? null;
  if (before !== null && traceHash !== null && before !== traceHash) {
    const what = `the run ${name} of another content of the trace`;
    throw refuseContent(path, experiment, what, before, traceHash);
  }
  return done;
}

function refuseContent(
  path: string,
  experiment: string,
  what: string,
  before: string,
  now: string,
): LoaderError {
  return new LoaderError(
    "usage",
    `The folder holds an unfinished ${experiment} with ${what} (SHA-256 ${before}, now ${now}); ` +
      "put back what it was or name another folder with --output.",
    { file: path },
  );
}

function mergeInputs(
  previous: InputHashes | undefined,
  own: InputHashes | undefined,
): InputHashes | undefined {
  if (previous === undefined || own === undefined) return own ?? previous;
  return {
    files: { ...previous.files, ...own.files },
    traces: { ...previous.traces, ...own.traces },
    schedules: { ...previous.schedules, ...own.schedules },
  };
}

function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase());
}

function readCompletedRun(path: string, name: string): RunManifest | undefined {
  const manifest = readEarlier(readRunManifest, `${path}/runs/${name}`);
  return manifest !== undefined && hasResult(manifest.status) ? manifest : undefined;
}

/** What an earlier start left must be as readers would take it, or nothing is added to it. */
function readEarlier<T>(read: (folder: string) => T, folder: string): T {
  try {
    return read(folder);
  } catch (cause) {
    throw new LoaderError("input", `${errorMessage(cause)} Move the folder away.`, { cause });
  }
}

function isEmptyOrMissing(path: string): boolean {
  if (statIfPresent(path) === null) return true;
  try {
    for (const _ of Deno.readDirSync(path)) return false;
    return true;
  } catch {
    throw new LoaderError("usage", "The output is not a folder; name another.", { file: path });
  }
}
