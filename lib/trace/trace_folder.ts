import { join } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { listNames } from "./csv_table.ts";

/** The names of what is in a folder, from which the format of a trace is recognised. */
export class TraceFolder {
  readonly path: string;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;

  private constructor(path: string, files: ReadonlySet<string>, folders: ReadonlySet<string>) {
    this.path = path;
    this.files = files;
    this.folders = folders;
  }

  /** @throws LoaderError `input` when it cannot be read */
  static async list(path: string): Promise<TraceFolder> {
    const files = new Set<string>();
    const folders = new Set<string>();
    try {
      for await (const entry of Deno.readDir(path)) {
        const isFolder = entry.isSymlink
          ? await Deno.stat(join(path, entry.name)).then((info) => info.isDirectory, () => false)
          : entry.isDirectory;
        (isFolder ? folders : files).add(entry.name);
      }
    } catch (error) {
      throw new LoaderError(
        "input",
        `The folder of the trace cannot be read: ${errorMessage(error)}.`,
        { file: path, cause: error },
      );
    }
    return new TraceFolder(path, files, folders);
  }

  /**
   * A folder in it.
   *
   * @throws LoaderError `input` when it cannot be read
   */
  async enter(name: string): Promise<TraceFolder> {
    return await TraceFolder.list(join(this.path, name));
  }

  /** Path of a file, plain or packed (`.gz`), the plain one where both are there; `null`: neither. */
  findFile(name: string): string | null {
    const found = [name, `${name}.gz`].find((candidate) => this.files.has(candidate));
    return found === undefined ? null : join(this.path, found);
  }

  /** What is in it, for a message; folders end in a slash. */
  describe(): string {
    return listNames(
      [...Array.from(this.folders, (name) => `${name}/`), ...this.files].toSorted(),
    );
  }
}
