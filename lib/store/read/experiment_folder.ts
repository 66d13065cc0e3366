import { realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isMissing } from "../../base/file.ts";
import { LoaderError } from "../../base/error.ts";
import {
  type DivergenceMetric,
  type ExperimentManifest,
  type RunManifest,
  TWIN_FOLDER,
} from "../schema/manifest.ts";
import { readDivergence, readExperimentManifest, readRunManifest } from "./manifest_reader.ts";

/** A run on disk: its folder and what its manifest says. */
export interface StoredRun {
  readonly path: string;
  readonly manifest: RunManifest;
}

/** An experiment on disk. */
export interface StoredExperiment {
  readonly path: string;
  readonly manifest: ExperimentManifest;
  /** Runs that have a manifest, in the order of the experiment. */
  readonly runs: readonly StoredRun[];
  /** Runs that the experiment names and that left no manifest. */
  readonly missingRuns: readonly string[];
}

/**
 * Reads the manifests of an experiment and of its runs. Runs that lie in its
 * `runs` folder and that it does not name (it broke off) come last.
 *
 * What lies in the folder is all that is read, and all that a report or a merge
 * writes to: symbolic links that lead out of it are refused.
 *
 * @throws LoaderError `input` when the folder holds no experiment, or a link that
 * leads out of it; `result` when a manifest is broken
 */
export async function readExperimentFolder(path: string): Promise<StoredExperiment> {
  const manifest = readExperimentManifest(path);
  if (manifest === undefined) {
    throw new LoaderError(
      "input",
      "There is no such file; name the folder of an experiment, which holds one.",
      { file: join(path, "experiment.json") },
    );
  }
  await refuseLinksOutwards(path, path, await realpath(path));
  const runs: StoredRun[] = [];
  const missingRuns: string[] = [];
  for (const name of listRuns(path, manifest)) {
    const runPath = join(path, name);
    const runManifest = readRunManifest(runPath);
    if (runManifest === undefined) missingRuns.push(name);
    else runs.push({ path: runPath, manifest: runManifest });
  }
  return { path, manifest, runs, missingRuns };
}

/** The twin of a run, on disk. */
export interface TwinFolder extends StoredRun {
  readonly divergence: readonly DivergenceMetric[];
}

/**
 * Reads the twin of a run; `null` if it has none.
 *
 * @throws LoaderError `result` when a file of it is broken
 */
export function readTwinFolder({ path: runPath }: Pick<StoredRun, "path">): TwinFolder | null {
  const path = join(runPath, TWIN_FOLDER);
  const divergence = readDivergence(path);
  if (divergence === undefined) return null;
  const manifest = readRunManifest(path);
  if (manifest === undefined) {
    throw new LoaderError("result", "The twin has no manifest; make the run anew.", { file: path });
  }
  return { path, manifest, divergence: divergence.metrics };
}

function listRuns(path: string, manifest: ExperimentManifest): string[] {
  const names = new Set(manifest.runs);
  try {
    const folders = [...Deno.readDirSync(join(path, "runs"))].filter((entry) => entry.isDirectory);
    for (const name of folders.map((folder) => `runs/${folder.name}`).sort()) names.add(name);
  } catch (error) {
    if (!isMissing(error)) {
      throw new LoaderError("result", "The folder cannot be read.", {
        file: join(path, "runs"),
        cause: error,
      });
    }
  }
  return [...names];
}

/** A folder may come from someone else, and hold what leads elsewhere. */
async function refuseLinksOutwards(folder: string, root: string, realRoot: string): Promise<void> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await refuseLinksOutwards(path, root, realRoot);
    if (!entry.isSymlink) continue;
    const target = await realpath(path).catch(() => null);
    const way = target === null ? ".." : relative(realRoot, target);
    if (way !== ".." && !way.startsWith(`..${sep}`)) continue;
    throw new LoaderError(
      "input",
      `This is a link that leads ${target === null ? "nowhere" : `out of ${root}`}; put the ` +
        "file itself there.",
      { file: path },
    );
  }
}
