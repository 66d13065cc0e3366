import { LoaderError } from "./error.ts";

/**
 * Writes a file that its owner alone can read and write (mode 600), from its first
 * byte on, whatever was there under the name before and whatever the umask is.
 *
 * @throws LoaderError `usage` when it cannot be written
 */
export function writePrivateFile(path: string, text: string): void {
  // In the same folder, so that it can be renamed into place.
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  try {
    {
      using file = Deno.openSync(partial, { createNew: true, write: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(text);
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
    }
    Deno.renameSync(partial, path);
  } catch (cause) {
    try {
      Deno.removeSync(partial);
    } catch {
      // It was never made.
    }
    throw new LoaderError("usage", "The file cannot be written; name another.", {
      file: path,
      cause,
    });
  }
}
