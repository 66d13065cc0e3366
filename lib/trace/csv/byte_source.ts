import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { type FileContent, recogniseContent, TELLING_BYTES } from "../file_content.ts";
import { unpackZstandard } from "./zstd_frames.ts";

/** How a file may be packed. */
type Packing = "gzip" | "zstd";

/** Names by which a file says that it is packed. */
const PACKED_NAMES: readonly (readonly [extension: string, packing: Packing])[] = [
  [".gz", "gzip"],
  [".zst", "zstd"],
];

const PACKING_NAMES: Readonly<Record<Packing, string>> = { gzip: "gzip", zstd: "Zstandard" };

/** Bytes of a packed file that are read at once. */
const PACKED_BLOCK_BYTES = 1 << 16;

/** The unpacked bytes of a file, in order. */
export interface ByteSource extends AsyncDisposable {
  /**
   * Writes the next bytes into `target`, which is not empty; tells how many, 0 at the end.
   * What need not be unpacked comes at once: a promise for each block would cost more than
   * the block.
   *
   * @throws LoaderError `input` when the file cannot be read or unpacked, or breaks off
   */
  read(target: Uint8Array): number | Promise<number>;
}

/** What bytes are read from: a file, or standard input. */
export type ByteHandle = Pick<Deno.FsFile, "readSync" | "close">;

/**
 * Opens a file of text, plain, gzip (of one member or several) or Zstandard (of
 * one frame or several), as its first bytes tell, whatever its name.
 *
 * @param open what is read, where that is not the file itself
 * @throws LoaderError `input` when it cannot be read, is something else, or is not packed though
 *   its name says so
 *
 * @example
 * ```ts
 * import { openByteSource } from "./byte_source.ts";
 * await using source = await openByteSource("data/azure_2019_synthetic/invocations.csv.gz");
 * const target = new Uint8Array(9);
 * await source.read(target);
 * if (new TextDecoder().decode(target) !== "HashOwner") throw new Error("it is unpacked");
 * ```
 */
export async function openByteSource(
  file: string,
  open: () => Promise<ByteHandle> = () => Deno.open(file),
): Promise<ByteSource> {
  const named = PACKED_NAMES.find(([extension]) => file.endsWith(extension))?.[1];
  const plain = await openPlain(file, open, named !== undefined);
  try {
    const head = plain.head;
    const content: FileContent = recogniseContent(head);
    if (content.kind === "foreign") throw new LoaderError("input", content.sentence, { file });
    if (content.kind === "text") {
      if (named !== undefined && head.length > 0) {
        throw new LoaderError(
          "input",
          `The file cannot be read or unpacked: it is not packed with ${PACKING_NAMES[named]}, ` +
            "though its name says so; rename it.",
          { file },
        );
      }
      return plain;
    }
    const unpacked = content.kind === "gzip"
      ? gunzip(plain)
      : unpackZstandard(packedBlocks(plain), file);
    return new PackedSource(file, plain, unpacked);
  } catch (error) {
    await plain[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPlain(
  file: string,
  open: () => Promise<ByteHandle>,
  isPacked: boolean,
): Promise<PlainSource> {
  try {
    return new PlainSource(file, await open(), isPacked);
  } catch (error) {
    if (error instanceof LoaderError) throw error;
    throw cannotRead(file, isPacked, error);
  }
}

/** A file as it is, read without waiting. */
class PlainSource implements ByteSource {
  /** The first bytes, more than tell what it is where it has as many. */
  readonly head: Uint8Array;
  readonly #file: string;
  readonly #handle: ByteHandle;
  #headFrom = 0;

  constructor(file: string, handle: ByteHandle, isPacked: boolean) {
    this.#file = file;
    this.#handle = handle;
    try {
      const head = new Uint8Array(TELLING_BYTES);
      let length = 0;
      while (length < head.length) {
        const read = handle.readSync(head.subarray(length));
        if (read === null) break;
        length += read;
      }
      this.head = head.subarray(0, length);
    } catch (error) {
      handle.close();
      throw cannotRead(file, isPacked, error);
    }
  }

  read(target: Uint8Array): number {
    if (this.#headFrom < this.head.length) {
      const part = this.head.subarray(this.#headFrom, this.#headFrom + target.length);
      target.set(part);
      this.#headFrom += part.length;
      return part.length;
    }
    try {
      return this.#handle.readSync(target) ?? 0;
    } catch (error) {
      throw cannotRead(this.#file, false, error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    return Promise.resolve();
  }
}

/** What comes out of a program that unpacks. */
class PackedSource implements ByteSource {
  readonly #file: string;
  readonly #packed: PlainSource;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(file: string, packed: PlainSource, chunks: AsyncIterable<Uint8Array>) {
    this.#file = file;
    this.#packed = packed;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async read(target: Uint8Array): Promise<number> {
    try {
      while (this.#chunk.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) return 0;
        this.#chunk = next.value;
      }
    } catch (error) {
      if (error instanceof LoaderError) throw error;
      throw cannotRead(this.#file, true, error);
    }
    const part = this.#chunk.subarray(0, target.length);
    target.set(part);
    this.#chunk = this.#chunk.subarray(part.length);
    return part.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#chunks.return?.();
    } finally {
      await this.#packed[Symbol.asyncDispose]();
    }
  }
}

function* packedBlocks(packed: PlainSource): Generator<Uint8Array> {
  for (;;) {
    // A new one each time: whoever unpacks may keep it for a while.
    const block = new Uint8Array(PACKED_BLOCK_BYTES);
    const length = packed.read(block);
    if (length === 0) return;
    yield block.subarray(0, length);
  }
}

/** Takes what several runs of gzip have written one after the other, as `DecompressionStream` does not. */
async function* gunzip(packed: PlainSource): AsyncGenerator<Uint8Array> {
  const unpacked = pipeline(
    Readable.from(packedBlocks(packed)),
    createGunzip({ chunkSize: PACKED_BLOCK_BYTES }),
    () => {
      // The error, if any, destroys the stream and so ends the loop below.
    },
  );
  yield* unpacked as AsyncIterable<Uint8Array>;
}

function cannotRead(file: string, isPacked: boolean, error: unknown): LoaderError {
  return new LoaderError(
    "input",
    `The file cannot be read${isPacked ? " or unpacked" : ""}: ${errorMessage(error)}.`,
    { file, cause: error },
  );
}
