import { LoaderError } from "./error.ts";

/** True if an error says that there is nothing under a path, nor can be: a part of it is a file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * What a path names, links followed; `null` where there is nothing, or nothing that this
 * process may see.
 *
 * @example
 * ```ts
 * import { statIfPresent } from "./file.ts";
 * if (statIfPresent("no/such/file") !== null) throw new Error("found");
 * ```
 */
export function statIfPresent(path: string | URL): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/**
 * The text of a file; `null` where there is none.
 *
 * @throws anything when there is one that cannot be read
 */
export function readTextIfPresent(path: string | URL): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Options of {@linkcode FileReplacement}. */
export interface FileReplacementOptions {
  /** Permissions, from the first byte on, before the umask; the system's by default. */
  readonly mode?: number;
}

/**
 * A file in the making beside the one that it will replace: a reader meets the old one or
 * the whole new one, whenever the process is killed. One that was not put in place is
 * removed when it is disposed of.
 *
 * @example
 * ```ts
 * import { FileReplacement } from "./file.ts";
 * const path = Deno.makeTempFileSync();
 * {
 *   using file = new FileReplacement(path);
 *   file.write(new TextEncoder().encode("whole"));
 *   file.putInPlace();
 * }
 * if (Deno.readTextFileSync(path) !== "whole") throw new Error("not replaced");
 * Deno.removeSync(path);
 * ```
 */
export class FileReplacement implements Disposable {
  readonly #path: string;
  readonly #partial: string;
  #file: Deno.FsFile | null;

  /** @throws anything when it cannot be made */
  constructor(path: string, { mode }: FileReplacementOptions = {}) {
    this.#path = path;
    this.#partial = partialOf(path);
    // Of a process that was killed; a link under this name is not followed.
    tryRemove(this.#partial);
    this.#file = Deno.openSync(this.#partial, { createNew: true, write: true, mode });
  }

  /** @throws anything when it cannot be written */
  write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) {
      written += this.#file!.writeSync(bytes.subarray(written));
    }
  }

  /** @throws anything when the path is not one of a file, or not to be written to */
  putInPlace(): void {
    this.#file!.close();
    this.#file = null;
    try {
      Deno.renameSync(this.#partial, this.#path);
    } catch (error) {
      tryRemove(this.#partial);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#file === null) return;
    this.#file.close();
    this.#file = null;
    tryRemove(this.#partial);
  }
}

/**
 * Writes a file whole or not at all.
 *
 * @throws anything when it cannot be written
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  options?: FileReplacementOptions,
): void {
  using file = new FileReplacement(path, options);
  file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
  file.putInPlace();
}

/**
 * Replaces a file by one that `write` makes under the path that it is given, whole or
 * not at all.
 *
 * @throws what `write` throws; anything when the file cannot be put in place
 */
export async function replaceFileBy(
  path: string,
  write: (partialPath: string) => Promise<void>,
): Promise<void> {
  const partial = partialOf(path);
  tryRemove(partial);
  try {
    await write(partial);
    Deno.renameSync(partial, path);
  } catch (error) {
    tryRemove(partial);
    throw error;
  }
}

function partialOf(path: string): string {
  return `${path}.partial`;
}

/**
 * Writes a file that its owner alone can read and write (mode 600), from its first
 * byte on, whatever was there under the name before and whatever the umask is.
 *
 * @throws LoaderError `usage` when it cannot be written
 */
export function writePrivateFile(path: string, text: string): void {
  try {
    replaceFile(path, text, { mode: 0o600 });
  } catch (cause) {
    throw new LoaderError("usage", "The file cannot be written; name another.", {
      file: path,
      cause,
    });
  }
}

function tryRemove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There is none, or the next thing to be done with it says why.
  }
}

/** Longest name of a file that every file system takes, with room for what is put behind it. */
const MOST_CHARACTERS = 200;

/**
 * What is wrong with a text as the name of a file or folder inside of another; `null`:
 * nothing. A name that comes from a file could otherwise lead out of its folder.
 *
 * @example
 * ```ts
 * import { findNameMistake } from "./file.ts";
 * if (findNameMistake("rate-5") !== null) throw new Error("refused");
 * if (findNameMistake("../rate-5") === null) throw new Error("let through");
 * ```
 */
export function findNameMistake(name: string): string | null {
  const quoted = JSON.stringify(name.slice(0, MOST_CHARACTERS));
  if (name === "") return "the name is empty";
  if (name.length > MOST_CHARACTERS) return `${quoted}… is too long for a name`;
  // deno-lint-ignore no-control-regex -- these are looked for
  if (/[/\\\x00-\x1f\x7f]/.test(name)) return `${quoted} is no plain name: it holds a separator`;
  if (name.startsWith(".")) return `${quoted} is no plain name: it begins with a dot`;
  return null;
}
