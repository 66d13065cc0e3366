import { basename, join, resolve } from "node:path";
import { findByHeader, type FoundHeader } from "../header_search.ts";
import type { TraceFolder } from "../trace_folder.ts";

/** A folder with files of one kind, somewhere in what was given. */
export interface LeafFolder {
  readonly folder: TraceFolder;
  /** Path from what was given, for messages; the name of the folder itself where it was given. */
  readonly label: string;
}

/** Folders that the releases unpack to, above those with files. */
const ABOVE =
  /^(datasets|private_dataset|public_dataset|csv_files|cold_start_dataset|quantiles|cold_start|per_request|requests|R\d)$/i;

/** How far below what was given files are looked for: `datasets/cold_start_dataset/quantiles/R2`. */
const DEEPEST = 4;

/**
 * Finds the folders with files of one kind, in what was given or below, through
 * folders that are called as in the releases.
 *
 * @param isLeaf true for a folder that holds what is looked for
 */
export async function findLeaves(
  folder: TraceFolder,
  isLeaf: (folder: TraceFolder) => Promise<boolean>,
  label = "",
  depth = 0,
): Promise<LeafFolder[]> {
  if (await isLeaf(folder)) return [{ folder, label: label || nameOf(folder.path) }];
  if (depth === DEEPEST) return [];
  const leaves: LeafFolder[] = [];
  for (const name of [...folder.folders].filter((name) => ABOVE.test(name)).toSorted()) {
    leaves.push(
      ...await findLeaves(await folder.enter(name), isLeaf, join(label, name), depth + 1),
    );
  }
  return leaves;
}

/** The last part of a path, also of `.`. */
export function nameOf(path: string): string {
  return basename(resolve(path));
}

/** The first file of a folder whose header fits; `null`: none. */
export async function firstByHeader(
  folder: TraceFolder,
  fits: (columns: readonly string[]) => boolean,
): Promise<FoundHeader | null> {
  return (await findByHeader(folder, fits)).at(0) ?? null;
}
