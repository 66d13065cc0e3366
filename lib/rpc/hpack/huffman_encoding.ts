import type { ByteWriter } from "../byte_writer.ts";
import { CODE_LENGTHS, CODES } from "./huffman_code.ts";

/**
 * Octets that `text` takes as a Huffman string, its padding included.
 *
 * @example
 * ```ts
 * import { huffmanLength } from "./huffman_encoding.ts";
 * if (huffmanLength("www.example.com") !== 12) throw new Error("appendix C.4.1 says 12");
 * ```
 */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += CODE_LENGTHS[text.charCodeAt(i)];
  return Math.ceil(bits / 8);
}

/**
 * Appends the Huffman code of `text`, characters U+0000 to U+00FF, filled up to
 * an octet with ones (RFC 7541 section 5.2). The length before it is the caller's.
 *
 * @example
 * ```ts
 * import { ByteWriter } from "../byte_writer.ts";
 * import { writeHuffman } from "./huffman_encoding.ts";
 * const writer = new ByteWriter(8);
 * writeHuffman(writer, "302");
 * if (writer.view().join() !== "100,2") throw new Error("appendix C.6.1 says 64 02");
 * ```
 */
export function writeHuffman(into: ByteWriter, text: string): void {
  into.reserve(huffmanLength(text));
  const { bytes } = into;
  let octet = 0;
  let freeBits = 8;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    const code = CODES[symbol];
    // Octet by octet: a code of 30 bits behind 7 waiting ones would not fit 32.
    for (let left = CODE_LENGTHS[symbol]; left > 0;) {
      const taken = Math.min(left, freeBits);
      left -= taken;
      freeBits -= taken;
      octet = (octet << taken) | ((code >>> left) & ((1 << taken) - 1));
      if (freeBits === 0) {
        bytes[into.length++] = octet;
        octet = 0;
        freeBits = 8;
      }
    }
  }
  if (freeBits < 8) bytes[into.length++] = (octet << freeBits) | ((1 << freeBits) - 1);
}
