import { LoaderError } from "../base/error.ts";

/**
 * Writes a manifest, whole or not at all: a reader sees the old one or the new
 * one, whenever the process is killed.
 *
 * @throws LoaderError `result` when it cannot be written
 */
export function writeManifest(path: string, manifest: unknown): void {
  const partial = `${path}.partial`;
  try {
    Deno.writeTextFileSync(partial, JSON.stringify(manifest, null, 2) + "\n");
    Deno.renameSync(partial, path);
  } catch (cause) {
    throw new LoaderError(
      "result",
      "The manifest cannot be written; make room on the disk, or see whether the folder is there " +
        "and may be written to.",
      { file: path, cause },
    );
  }
}
