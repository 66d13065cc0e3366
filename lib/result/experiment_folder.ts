import { LoaderError } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import type { ExperimentManifest, RunManifest } from "../model/manifest.ts";
import { DiskReserve } from "./disk_reserve.ts";
import { writeManifest } from "./manifest_file.ts";
import { RunFolder } from "./run_folder.ts";

/**
 * The folder of an experiment: `experiment.json` and `runs/`. An experiment that
 * broke off goes on in the same folder; a finished one is never touched.
 */
export class ExperimentFolder {
  readonly path: string;
  readonly #reserve: DiskReserve;
  #manifest: ExperimentManifest;

  private constructor(path: string, manifest: ExperimentManifest) {
    this.path = path;
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
      return new ExperimentFolder(path, manifest);
    }
    refuseOther(path, previous, manifest);
    return new ExperimentFolder(path, {
      ...previous,
      command: manifest.command,
      status: "running",
      error: null,
      endedAt: null,
    });
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

  /** The manifest of a run that came to its end earlier, if there is one. */
  completedRun(name: string): RunManifest | undefined {
    const manifest = readJson<RunManifest>(`${this.path}/runs/${name}/manifest.json`);
    const ended = manifest?.status === "finished" || manifest?.status === "overloaded";
    return ended ? manifest : undefined;
  }

  /**
   * Makes the folder of a run of functions with these ids. One that broke off
   * before is kept, beside the runs, in `broken-off/`.
   */
  startRun(manifest: RunManifest, functionIds: readonly string[]): RunFolder {
    const path = `${this.path}/runs/${manifest.name}`;
    if (exists(path)) {
      const keep = `${this.path}/broken-off/${manifest.name}`;
      let attempt = 1;
      while (exists(`${keep}_${attempt}`)) attempt++;
      Deno.mkdirSync(`${this.path}/broken-off`, { recursive: true });
      Deno.renameSync(path, `${keep}_${attempt}`);
    }
    const folder = new RunFolder(path, manifest, functionIds, this.#reserve);
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
