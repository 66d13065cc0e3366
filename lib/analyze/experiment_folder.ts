import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LoaderError } from "../base/error.ts";
import type { ExperimentManifest, RunManifest } from "../model/manifest.ts";
import { parseExperimentManifest, parseRunManifest } from "./manifest_schema.ts";

/** A run on disk: its folder and what its manifest says. */
export interface RunFolder {
  readonly path: string;
  readonly manifest: RunManifest;
}

/** An experiment on disk. */
export interface ExperimentFolder {
  readonly path: string;
  readonly manifest: ExperimentManifest;
  /** Runs that have a manifest, in the order of the experiment. */
  readonly runs: readonly RunFolder[];
  /** Runs that the experiment names and that left no manifest. */
  readonly missingRuns: readonly string[];
}

/**
 * Reads the manifests of an experiment and of its runs. Runs that lie in its
 * `runs` folder and that it does not name (it broke off) come last.
 *
 * @throws LoaderError `input` when the folder holds no experiment, `result`
 * when a manifest is broken
 */
export async function readExperimentFolder(path: string): Promise<ExperimentFolder> {
  const file = join(path, "experiment.json");
  const text = await readTextIfPresent(file);
  if (text === undefined) {
    throw new LoaderError(
      "input",
      "There is no such file; name the folder of an experiment, which holds one.",
      { file },
    );
  }
  const manifest = parseExperimentManifest(text, file);
  const runs: RunFolder[] = [];
  const missingRuns: string[] = [];
  for (const name of await listRuns(path, manifest)) {
    const runPath = join(path, name);
    const runFile = join(runPath, "manifest.json");
    const runText = await readTextIfPresent(runFile);
    if (runText === undefined) missingRuns.push(name);
    else runs.push({ path: runPath, manifest: parseRunManifest(runText, runFile) });
  }
  return { path, manifest, runs, missingRuns };
}

async function listRuns(path: string, manifest: ExperimentManifest): Promise<string[]> {
  const names = new Set(manifest.runs);
  try {
    const entries = await readdir(join(path, "runs"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory());
    for (const name of folders.map((folder) => `runs/${folder.name}`).sort()) names.add(name);
  } catch (error) {
    if (!isAbsence(error)) {
      throw new LoaderError("result", "The folder cannot be read.", {
        file: join(path, "runs"),
        cause: error,
      });
    }
  }
  return [...names];
}

async function readTextIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw new LoaderError("result", "The file cannot be read.", { file, cause: error });
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "ENOENT" || error.code === "ENOTDIR");
}
