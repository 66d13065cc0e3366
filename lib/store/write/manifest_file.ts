import { LoaderError } from "../../base/error.ts";
import { formatJson } from "../../base/json.ts";
import { type Divergence, type DivergenceMetric, TWIN_FOLDER } from "../schema/manifest.ts";
import type { DiskReserve } from "./disk_reserve.ts";

/**
 * Writes a manifest, whole or not at all: a reader sees the old one or the new
 * one, whenever the process is killed.
 *
 * @param reserve given up to make room, where there is none otherwise
 * @throws LoaderError `result` when it cannot be written
 */
export function writeManifest(path: string, manifest: unknown, reserve?: DiskReserve): void {
  const text = formatJson(manifest) + "\n";
  try {
    try {
      replaceFile(path, text);
    } catch (error) {
      if (reserve === undefined) throw error;
      reserve.release();
      replaceFile(path, text);
    }
  } catch (cause) {
    throw new LoaderError(
      "result",
      "The manifest cannot be written; make room on the disk, or see whether the folder is there " +
        "and may be written to.",
      { file: path, cause },
    );
  }
}

/** Writes how far a run's twin is from it, into the twin's folder. */
export function writeDivergence(runPath: string, metrics: readonly DivergenceMetric[]): void {
  const content: Divergence = { kind: "divergence", formatVersion: 1, metrics };
  writeManifest(`${runPath}/${TWIN_FOLDER}/divergence.json`, content);
}

function replaceFile(path: string, text: string): void {
  const partial = `${path}.partial`;
  try {
    Deno.writeTextFileSync(partial, text);
    Deno.renameSync(partial, path);
  } catch (error) {
    // Half a manifest only takes room that is short already.
    try {
      Deno.removeSync(partial);
    } catch {
      // It was never made.
    }
    throw error;
  }
}
