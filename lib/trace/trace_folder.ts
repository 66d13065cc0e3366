import { basename, dirname, join } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { listNames } from "./csv_table.ts";
import { readHead } from "./file_head.ts";

/**
 * The names of what is in a folder, from which the format of a trace is recognised,
 * and the beginnings of its files; of a single file where that was named.
 */
export class TraceFolder {
  /** The folder, or the file where one was named. */
  readonly path: string;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly #folder: string;
  readonly #heads = new Map<string, Promise<string>>();

  private constructor(
    path: string,
    folder: string,
    files: ReadonlySet<string>,
    folders: ReadonlySet<string>,
  ) {
    this.path = path;
    this.#folder = folder;
    this.files = files;
    this.folders = folders;
  }

  /**
   * Of a folder, or of a file alone.
   *
   * @throws LoaderError `input` when it cannot be read
   */
  static async list(path: string): Promise<TraceFolder> {
    const files = new Set<string>();
    const folders = new Set<string>();
    try {
      if ((await Deno.stat(path)).isFile) {
        return new TraceFolder(path, dirname(path), new Set([basename(path)]), folders);
      }
      for await (const entry of Deno.readDir(path)) {
        const isFolder = entry.isSymlink
          ? await Deno.stat(join(path, entry.name)).then((info) => info.isDirectory, () => false)
          : entry.isDirectory;
        (isFolder ? folders : files).add(entry.name);
      }
    } catch (error) {
      throw new LoaderError(
        "input",
        `The trace cannot be read: ${errorMessage(error)}.`,
        { file: path, cause: error },
      );
    }
    return new TraceFolder(path, path, files, folders);
  }

  /**
   * A folder in it.
   *
   * @throws LoaderError `input` when it cannot be read
   */
  async enter(name: string): Promise<TraceFolder> {
    return await TraceFolder.list(join(this.#folder, name));
  }

  /** Path of a file, plain or packed (`.gz`, `.zst`), the first of these that is there, or `null`. */
  findFile(name: string): string | null {
    const found = [name, `${name}.gz`, `${name}.zst`].find((candidate) =>
      this.files.has(candidate)
    );
    return found === undefined ? null : join(this.#folder, found);
  }

  /** Path of a file or folder in it. */
  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /**
   * The first 64 KiB of a file, unpacked, as text; empty where it is no text. Asked for
   * again, it is not read again.
   *
   * @throws LoaderError `input` when it cannot be read
   */
  head(name: string): Promise<string> {
    let head = this.#heads.get(name);
    if (head === undefined) {
      head = readHead(this.pathOf(name));
      this.#heads.set(name, head);
    }
    return head;
  }

  /** What is in it, for a message; folders end in a slash. */
  describe(): string {
    return listNames(
      [...Array.from(this.folders, (name) => `${name}/`), ...this.files].toSorted(),
    );
  }
}
