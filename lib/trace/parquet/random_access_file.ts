/** A file that is read here and there. */
export class RandomAccessFile implements Disposable {
  readonly path: string;
  readonly size: number;
  readonly #file: Deno.FsFile;

  private constructor(path: string, size: number, file: Deno.FsFile) {
    this.path = path;
    this.size = size;
    this.#file = file;
  }

  /** @throws anything when it cannot be opened */
  static async open(path: string): Promise<RandomAccessFile> {
    const file = await Deno.open(path);
    try {
      return new RandomAccessFile(path, (await file.stat()).size, file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * So many bytes, in a buffer of their own.
   *
   * @throws anything when they cannot be read or the file ends before
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.#file.seek(offset, Deno.SeekMode.Start);
    for (let read = 0; read < length;) {
      const count = await this.#file.read(bytes.subarray(read));
      if (count === null) throw new Error("the file has become shorter");
      read += count;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
