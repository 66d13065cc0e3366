import { LoaderError } from "../../base/error.ts";

const BUFFER_BYTES = 256 * 1024;

/** Writes rows that are bytes already to a new file, a buffer at a time. */
export class RowWriter implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  /** @throws LoaderError `result` when the file is there already or cannot be made */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, createNew: true });
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be made here; nothing is overwritten.", {
        file: path,
        cause,
      });
    }
  }

  /** @throws LoaderError `result` when rows cannot be written */
  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length > BUFFER_BYTES) return this.#writeAll(bytes);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Hands all rows so far to the operating system.
   *
   * @throws LoaderError `result` when they cannot be written
   */
  flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  /** Closes the file; rows since the last `flush` are lost. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
    } catch (cause) {
      throw new LoaderError(
        "result",
        "The table could not be written further; make room on the disk and try again.",
        { file: this.#path, cause },
      );
    }
  }
}
