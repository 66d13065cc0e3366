import { Decompress } from "fzstd";
import { LoaderError } from "../../base/error.ts";
import createXxhash from "xxhash-wasm";

/** First bytes of a frame, and of one that holds nothing of the content, the last four bits free. */
const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/** Types of blocks (RFC 8878, section 3.1.1.2.2) whose size says something else or nothing. */
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** Sizes of the fields of a frame's header by their flags (RFC 8878, section 3.1.1.1). */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/**
 * Unpacks Zstandard (RFC 8878), of one frame or several, and checks each frame's
 * checksum where it has one, which the library that unpacks does not. What is handed on before
 * the end of a frame is not checked yet: an error then says that it was wrong.
 *
 * @throws LoaderError `input` when it breaks off, a checksum does not fit, or it is no Zstandard
 */
export async function* unpackZstandard(
  packed: Iterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array> {
  const reader = new PackedReader(packed, file);
  const { create64 } = await createXxhash();
  while (!reader.isAtEnd()) {
    const magic = numberOf(reader.take(4));
    if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      reader.skip(numberOf(reader.take(4)));
      continue;
    }
    if (magic !== FRAME_MAGIC) throw damaged(file, "there is no frame where one should begin");
    const chunks: Uint8Array[] = [];
    const frame = new Decompress((chunk) => chunks.push(chunk));
    const hash = create64();
    const drain = function* () {
      for (const chunk of chunks.splice(0)) {
        hash.update(chunk);
        yield chunk;
      }
    };
    frame.push(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
    const [descriptor] = reader.take(1);
    frame.push(Uint8Array.of(descriptor));
    frame.push(reader.take(sizeOfHeader(descriptor)));
    for (let isLast = false; !isLast;) {
      const bytes = reader.take(3);
      const header = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
      isLast = (header & 1) === 1;
      const type = (header >> 1) & 3;
      if (type === RESERVED_BLOCK) throw damaged(file, "a block is of no known type");
      frame.push(bytes);
      frame.push(reader.take(type === RLE_BLOCK ? 1 : header >>> 3));
      yield* drain();
    }
    const hasChecksum = (descriptor & 4) !== 0;
    const told = hasChecksum ? reader.take(4) : new Uint8Array();
    frame.push(told, true);
    yield* drain();
    if (hasChecksum && Number(hash.digest() & 0xffffffffn) !== numberOf(told)) {
      throw damaged(file, "its content does not fit its checksum");
    }
  }
}

function sizeOfHeader(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[descriptor >>> 6];
  return (isSingleSegment ? Math.max(contentSize, 1) : contentSize + 1) +
    DICTIONARY_ID_BYTES[descriptor & 3];
}

/** A number of four bytes, the least significant first. */
function numberOf([a, b, c, d]: Uint8Array): number {
  return (a | b << 8 | c << 16 | d << 24) >>> 0;
}

function damaged(file: string, how: string): LoaderError {
  return new LoaderError(
    "input",
    `The file cannot be read or unpacked: it is damaged (${how}); fetch or pack it again.`,
    { file },
  );
}

/** Takes bytes as they are asked for, wherever the blocks that they come in begin. */
class PackedReader {
  readonly #blocks: Iterator<Uint8Array>;
  readonly #file: string;
  #block: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(blocks: Iterable<Uint8Array>, file: string) {
    this.#blocks = blocks[Symbol.iterator]();
    this.#file = file;
  }

  isAtEnd(): boolean {
    while (this.#at === this.#block.length) {
      const next = this.#blocks.next();
      if (next.done) return true;
      this.#block = next.value;
      this.#at = 0;
    }
    return false;
  }

  /** @throws LoaderError `input` when there are fewer */
  take(count: number): Uint8Array {
    if (this.#at + count <= this.#block.length) {
      return this.#block.slice(this.#at, this.#at += count);
    }
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      if (this.isAtEnd()) throw damaged(this.#file, "it breaks off");
      const part = this.#block.subarray(this.#at, this.#at + count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return bytes;
  }

  skip(count: number): void {
    for (let left = count; left > 0;) {
      const part = Math.min(left, 65_536);
      this.take(part);
      left -= part;
    }
  }
}
