import { LoaderError } from "../../base/error.ts";

/** A buffer: several hundred rows, so that the call of a write costs little beside the write. */
const BUFFER_BYTES = 128 * 1024;

/** Buffers that may wait for the disk (8 MiB); more are written at once, however long it takes. */
const MOST_WAITING = 64;

/** A filled buffer and where in the file it goes. */
interface Part {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly length: number;
  readonly offset: number;
}

/**
 * A new file that bytes are put at the end of, written in the background.
 *
 * Whoever adds to it asks for room with `reserve`, writes into `buffer` from
 * `length` on, and moves `length`. Buffers go to the operating system in order,
 * one at a time, in a thread of the runtime; the few there are serve again. Memory
 * is bounded: when the disk falls behind, what waits is written by the caller
 * itself, which then blocks, and `blockingWrites` counts it. A write that fails is
 * told by the next `flush` or by `close`; what comes after it is thrown away.
 *
 * The files of `node:fs` would do the same with positions, but in Deno 2.9 their
 * asynchronous `write` blocks until it is done.
 *
 * @example
 * ```ts
 * import { AppendFile } from "./append_file.ts";
 * const folder = Deno.makeTempDirSync();
 * const file = new AppendFile(`${folder}/greeting`, "Dear reader,\n");
 * file.reserve(2);
 * file.buffer[file.length++] = 0x48;
 * file.buffer[file.length++] = 0x69;
 * await file.close();
 * if (Deno.readTextFileSync(`${folder}/greeting`) !== "Dear reader,\nHi") throw new Error();
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export class AppendFile {
  /** The buffer that is being filled; another one after `reserve` and `flush`. */
  buffer = new Uint8Array(BUFFER_BYTES);
  /** How much of it is filled. */
  length = 0;
  /** Buffers that the caller had to write itself, because the disk fell behind. */
  blockingWrites = 0;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The same file once more, for the caller's own writes: each handle has its own position. */
  #callersFile: Deno.FsFile | undefined;
  /** Where the next part goes. */
  #end: number;
  /** Where `#file` stands. */
  #position: number;
  readonly #waiting: Part[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #writing: Promise<void> | undefined;
  #error: LoaderError | undefined;
  /** After an error: the file is whole up to here. */
  #wholeTo = Infinity;
  #closed = false;

  /**
   * Makes the file, beginning with `head`, which is written at once.
   *
   * @throws LoaderError `result` when the file is there already, cannot be made or
   * not be written
   */
  constructor(path: string, head: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, createNew: true });
    } catch (cause) {
      throw new LoaderError("result", "The table cannot be made here; nothing is overwritten.", {
        file: path,
        cause,
      });
    }
    const bytes = new TextEncoder().encode(head);
    this.#end = this.#position = bytes.length;
    try {
      writeAll(this.#file, bytes);
    } catch (cause) {
      this.#file.close();
      throw this.#describe(cause);
    }
  }

  /** Makes room for `size` bytes more in `buffer`, from `length` on. */
  reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    if (this.length > 0) this.#handOver();
    if (size > this.buffer.length) this.buffer = new Uint8Array(size);
  }

  /**
   * Starts to write what is there, and does not wait for it.
   *
   * @throws LoaderError `result` when a write has failed
   */
  flush(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.length > 0 && this.#waiting.length < MOST_WAITING) this.#handOver();
  }

  /**
   * Writes what is there, waits until the operating system has all of it, and
   * closes the file. A second call does nothing.
   *
   * @throws LoaderError `result` when a write has failed
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.length > 0) this.#handOver();
    await this.#writing;
    if (this.#error !== undefined) this.#cutTorn();
    this.#callersFile?.close();
    this.#file.close();
    if (this.#error !== undefined) throw this.#error;
  }

  /** Lets the filled buffer be written, and takes another. */
  #handOver(): void {
    const part = { buffer: this.buffer, length: this.length, offset: this.#end };
    this.length = 0;
    if (this.#error !== undefined) return;
    this.#end += part.length;
    this.#waiting.push(part);
    if (this.#waiting.length > MOST_WAITING) this.#writeAtOnce();
    else this.#writing ??= this.#writeWaiting();
    this.buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  async #writeWaiting(): Promise<void> {
    for (let part = this.#waiting.shift(); part !== undefined; part = this.#waiting.shift()) {
      let written = 0;
      try {
        if (part.offset !== this.#position) {
          this.#file.seekSync(part.offset, Deno.SeekMode.Start);
        }
        while (written < part.length) {
          written += await this.#file.write(part.buffer.subarray(written, part.length));
        }
      } catch (cause) {
        this.#fail(cause, part.offset + written);
      }
      this.#position = part.offset + written;
      this.#keepSpare(part);
    }
    this.#writing = undefined;
  }

  /** Writes all that waits, behind what is being written now. */
  #writeAtOnce(): void {
    for (let part = this.#waiting.shift(); part !== undefined; part = this.#waiting.shift()) {
      this.blockingWrites++;
      try {
        this.#callersFile ??= Deno.openSync(this.#path, { write: true });
        this.#callersFile.seekSync(part.offset, Deno.SeekMode.Start);
        writeAll(this.#callersFile, part.buffer.subarray(0, part.length));
      } catch (cause) {
        this.#fail(cause, part.offset);
      }
      this.#keepSpare(part);
    }
  }

  #keepSpare(part: Part): void {
    if (part.buffer.length === BUFFER_BYTES) this.#spare.push(part.buffer);
  }

  #fail(cause: unknown, wholeTo: number): void {
    this.#error ??= this.#describe(cause);
    this.#wholeTo = Math.min(this.#wholeTo, wholeTo);
    this.#waiting.length = 0;
  }

  /** Takes off what the caller wrote behind a part that could not be written. */
  #cutTorn(): void {
    try {
      this.#file.truncateSync(this.#wholeTo);
    } catch {
      // The error that led here is told.
    }
  }

  #describe(cause: unknown): LoaderError {
    return new LoaderError(
      "result",
      "The table could not be written further; make room on the disk and run again.",
      { file: this.#path, cause },
    );
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}
