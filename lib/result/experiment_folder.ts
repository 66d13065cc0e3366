import { LoaderError } from "../base/error.ts";
import type { ExperimentManifest, RunManifest } from "../model/manifest.ts";
import { writeManifest } from "./manifest_file.ts";
import { RunFolder } from "./run_folder.ts";

/**
 * The folder of an experiment: `experiment.json` and `runs/`. An experiment that
 * broke off goes on in the same folder; a finished one is never touched.
 */
export class ExperimentFolder {
  readonly path: string;
  #manifest: ExperimentManifest;

  private constructor(path: string, manifest: ExperimentManifest) {
    this.path = path;
    this.#manifest = manifest;
  }

  /**
   * Makes the folder, or takes up one that the same experiment with the same
   * options has left unfinished.
   *
   * @throws LoaderError `usage` when the folder holds anything else
   */
  static open(path: string, manifest: ExperimentManifest): ExperimentFolder {
    const previous = readPrevious(path);
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
      const folder = new ExperimentFolder(path, manifest);
      folder.update({});
      return folder;
    }
    refuseOther(path, previous, manifest);
    const folder = new ExperimentFolder(path, { ...previous, command: manifest.command });
    folder.update({ status: "running", error: null, endedAt: null });
    return folder;
  }

  get manifest(): ExperimentManifest {
    return this.#manifest;
  }

  /** Changes fields of the manifest and writes it. */
  update(changes: Partial<ExperimentManifest>): void {
    this.#manifest = { ...this.#manifest, ...changes };
    writeManifest(`${this.path}/experiment.json`, this.#manifest);
  }

  /** The manifest of a run that came to its end earlier, if there is one. */
  completedRun(name: string): RunManifest | undefined {
    const manifest = readJson<RunManifest>(`${this.path}/runs/${name}/manifest.json`);
    const ended = manifest?.status === "finished" || manifest?.status === "overloaded";
    return ended ? manifest : undefined;
  }

  /**
   * Makes the folder of a run. One that broke off before is kept, beside the
   * runs, in `broken-off/`.
   */
  startRun(manifest: RunManifest): RunFolder {
    const path = `${this.path}/runs/${manifest.name}`;
    if (exists(path)) {
      const keep = `${this.path}/broken-off/${manifest.name}`;
      let attempt = 1;
      while (exists(`${keep}_${attempt}`)) attempt++;
      Deno.mkdirSync(`${this.path}/broken-off`, { recursive: true });
      Deno.renameSync(path, `${keep}_${attempt}`);
    }
    const folder = new RunFolder(path, manifest);
    const relative = `runs/${manifest.name}`;
    if (!this.#manifest.runs.includes(relative)) {
      this.update({ runs: [...this.#manifest.runs, relative] });
    }
    return folder;
  }
}

function refuseOther(
  path: string,
  previous: ExperimentManifest,
  manifest: ExperimentManifest,
): void {
  if (previous.status === "finished" || previous.status === "overloaded") {
    throw new LoaderError(
      "usage",
      `The folder holds a finished ${previous.experiment}; name another with --output.`,
      { file: path },
    );
  }
  const differing = previous.experiment !== manifest.experiment
    ? "experiment"
    : [...new Set([...Object.keys(previous.options), ...Object.keys(manifest.options)])]
      .find((name) =>
        JSON.stringify(previous.options[name]) !== JSON.stringify(manifest.options[name])
      );
  if (differing !== undefined) {
    throw new LoaderError(
      "usage",
      `The folder holds an unfinished ${previous.experiment} with another ${differing}; ` +
        "go on with the same options or name another folder with --output.",
      { file: path },
    );
  }
}

function readPrevious(path: string): ExperimentManifest | undefined {
  return readJson<ExperimentManifest>(`${path}/experiment.json`);
}

function readJson<T>(path: string): T | undefined {
  if (!exists(path)) return undefined;
  try {
    return JSON.parse(Deno.readTextFileSync(path)) as T;
  } catch (cause) {
    throw new LoaderError("input", "The manifest cannot be read; move the folder away.", {
      file: path,
      cause,
    });
  }
}

function isEmptyOrMissing(path: string): boolean {
  try {
    for (const _ of Deno.readDirSync(path)) return false;
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw new LoaderError("usage", "The output is not a folder; name another.", { file: path });
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
