/**
 * Writes a manifest, whole or not at all: a reader sees the old one or the new
 * one, whenever the process is killed.
 */
export function writeManifest(path: string, manifest: unknown): void {
  const partial = `${path}.partial`;
  Deno.writeTextFileSync(partial, JSON.stringify(manifest, null, 2) + "\n");
  Deno.renameSync(partial, path);
}
