import { HpackError } from "./hpack_error.ts";
import { decodeHuffman } from "./huffman_decoding.ts";
import { MAX_CONTINUATION_BYTES, MAX_INTEGER } from "./integer.ts";
import { latin1Text } from "./latin1_text.ts";

/** A string literal whose first bit is set is Huffman-coded (RFC 7541 section 5.2). */
const HUFFMAN_FLAG = 0x80;

const NOTHING = new Uint8Array(0);

/**
 * Reads the primitives of RFC 7541 section 5 from a header block, from front to
 * back. Kept and opened anew for every block, so that reading allocates nothing
 * but the strings.
 *
 * @example
 * ```ts
 * import { BlockReader } from "./block_reader.ts";
 * const reader = new BlockReader();
 * reader.open(Uint8Array.of(0x1f, 0x9a, 0x0a), 0, 3);
 * if (reader.readInteger(5) !== 1337 || !reader.atEnd) throw new Error("appendix C.1.2");
 * ```
 */
export class BlockReader {
  #bytes: Uint8Array = NOTHING;
  #position = 0;
  #end = 0;

  /** Starts over with `bytes[start, end)`. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Whether everything has been read. */
  get atEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** The next octet, not read; only if not at the end. */
  peek(): number {
    return this.#bytes[this.#position];
  }

  /**
   * Reads an integer with a prefix of `prefixBits`; what is above the prefix is
   * ignored. Throws `HpackError` if it is cut off, larger than `MAX_INTEGER`, or
   * longer than `MAX_CONTINUATION_BYTES` after the prefix.
   */
  readInteger(prefixBits: number): number {
    const prefix = (1 << prefixBits) - 1;
    let value = this.#readOctet() & prefix;
    if (value < prefix) return value;
    for (let i = 0; i < MAX_CONTINUATION_BYTES; i++) {
      const octet = this.#readOctet();
      // Not shifted: the last seven bits reach above the 32nd.
      value += (octet & 0x7f) * 2 ** (7 * i);
      if (octet < 0x80) {
        if (value > MAX_INTEGER) break;
        return value;
      }
    }
    throw new HpackError(
      `An integer is larger than ${MAX_INTEGER} or longer than ${MAX_CONTINUATION_BYTES} octets.`,
    );
  }

  /** Reads a string literal. Throws `HpackError` if it is cut off or its Huffman code is wrong. */
  readString(): string {
    const huffman = !this.atEnd && (this.peek() & HUFFMAN_FLAG) !== 0;
    const length = this.readInteger(7);
    const start = this.#position;
    const end = start + length;
    if (end > this.#end) {
      throw new HpackError(
        `A string of ${length} octets starts ${this.#end - start} before the end of the block.`,
      );
    }
    this.#position = end;
    return huffman ? decodeHuffman(this.#bytes, start, end) : latin1Text(this.#bytes, start, end);
  }

  #readOctet(): number {
    if (this.atEnd) throw new HpackError("The header block ends in the middle of a field.");
    return this.#bytes[this.#position++];
  }
}
