import type { ByteWriter } from "../byte_writer.ts";
import { HpackError } from "./header_block.ts";
import { decodeHuffman, huffmanLength, latin1Text, writeHuffman } from "./huffman.ts";

/**
 * Largest integer accepted or written. RFC 7541 section 5.1 asks for a limit of
 * one's own; every index, length and table size in use lies far below 2^28.
 */
export const MAX_INTEGER = 2 ** 28;

/** Continuation octets accepted: as many as {@linkcode MAX_INTEGER} needs, and one of padding. */
const MAX_CONTINUATION_BYTES = 5;

/** Octets that {@linkcode writeInteger} writes at most: the prefix and 28 bits in sevens. */
const MAX_WRITTEN_BYTES = 5;

/**
 * Writes an integer of at most {@linkcode MAX_INTEGER} with a prefix of
 * `prefixBits` (RFC 7541 section 5.1); `flags` are the bits above the prefix in
 * the first octet.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../byte_writer.ts";
 * import { writeInteger } from "./primitives.ts";
 * const writer = new ByteWriter(8);
 * writeInteger(writer, 0, 5, 1337); // appendix C.1.2
 * if (writer.view().join() !== "31,154,10") throw new Error("expected 1f 9a 0a");
 * ```
 */
export function writeInteger(
  into: ByteWriter,
  flags: number,
  prefixBits: number,
  value: number,
): void {
  into.reserve(MAX_WRITTEN_BYTES);
  const { bytes } = into;
  const prefix = (1 << prefixBits) - 1;
  if (value < prefix) {
    bytes[into.length++] = flags | value;
    return;
  }
  bytes[into.length++] = flags | prefix;
  let rest = value - prefix;
  for (; rest >= 0x80; rest >>>= 7) bytes[into.length++] = (rest & 0x7f) | 0x80;
  bytes[into.length++] = rest;
}

/** A string literal whose first bit is set is Huffman-coded (RFC 7541 section 5.2). */
const HUFFMAN_FLAG = 0x80;

/** Writes a string literal: Huffman-coded where that is shorter (RFC 7541 section 5.2). */
export function writeString(into: ByteWriter, text: string): void {
  const coded = huffmanLength(text);
  if (coded < text.length) {
    writeInteger(into, HUFFMAN_FLAG, 7, coded);
    writeHuffman(into, text);
    return;
  }
  writeInteger(into, 0, 7, text.length);
  into.reserve(text.length);
  const { bytes } = into;
  for (let i = 0; i < text.length; i++) bytes[into.length++] = text.charCodeAt(i);
}

const NOTHING = new Uint8Array(0);

/**
 * Reads the primitives of RFC 7541 section 5 from a header block, from front to
 * back. Kept and opened anew for every block, so that reading allocates nothing
 * but the strings.
 *
 * @example
 * ```ts
 * import { BlockReader } from "./primitives.ts";
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

  /** Everything has been read. */
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
