import { LoaderError } from "../../base/error.ts";
import { replaceFile } from "../../base/file.ts";
import { formatJson } from "../../base/json.ts";
import { type Divergence, type DivergenceMetric, TWIN_FOLDER } from "../schema/manifest.ts";

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

/** Room for the last manifests of a run and of an experiment; they take a few KiB each. */
const RESERVED_BYTES = 64 * 1024;

const SENTENCE = "This file keeps room on the disk for the manifests of an experiment that fills " +
  "it. It goes when the experiment ends.\n";

/**
 * A file that holds some room on the disk, so that a run that has filled it can
 * still say so in its manifests. A file system that compresses keeps less.
 */
export class DiskReserve {
  readonly #path: string;

  /** @throws Error of the operating system when there is no room */
  constructor(path: string) {
    this.#path = path;
    const sentences = Math.ceil(RESERVED_BYTES / SENTENCE.length);
    Deno.writeTextFileSync(path, SENTENCE.repeat(sentences));
  }

  /** Gives the room back; may be called twice. */
  release(): void {
    try {
      Deno.removeSync(this.#path);
    } catch {
      // It is gone already, or it stays: nobody can do more.
    }
  }
}
