import { Buffer } from "node:buffer";
import type { ByteWriter } from "../byte_writer.ts";
import { HpackError } from "./header_block.ts";

/** The symbol that ends a string; its first bits are the padding (RFC 7541 section 5.2). */
export const EOS = 256;

/**
 * Bits of each symbol's code, octets 0 to 255 and EOS: RFC 7541 Appendix B. The
 * lengths are the whole table, because the code is canonical: codes of one length
 * count upwards in the order of their symbols.
 */
// deno-fmt-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // 0x00
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, // 0x10
   6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6, // 0x20
   5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10, // 0x30 0
  13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7, // 0x40 @
   7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6, // 0x50 P
  15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5, // 0x60 `
   6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28, // 0x70 p
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 0x80
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, // 0x90
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 0xa0
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, // 0xb0
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 0xc0
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, // 0xd0
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 0xe0
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, // 0xf0
  30, // EOS
];

/** Bits of the longest code. */
const MAX_LENGTH = 30;

/** Bits of each symbol's code. */
export const CODE_LENGTHS: Readonly<Uint8Array> = Uint8Array.from(LENGTHS);

/** Each symbol's code, in its low `CODE_LENGTHS[symbol]` bits. */
export const CODES: Readonly<Uint32Array> = assignCodes(CODE_LENGTHS);

function assignCodes(lengths: Readonly<Uint8Array>): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let next = 0;
  for (let length = 1; length <= MAX_LENGTH; length++) {
    next *= 2;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) codes[symbol] = next++;
    }
  }
  return codes;
}

// Encoding

/**
 * Octets that `text` takes as a Huffman string, its padding included.
 *
 * @example
 * ```ts
 * import { huffmanLength } from "./huffman.ts";
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
 * import { writeHuffman } from "./huffman.ts";
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

// Decoding

/**
 * Decoding reads four bits a step. `machine[16 * state + nibble]` is a transition:
 * bits 0–7 the symbol, if bit 8 is set (the shortest code has five bits, so there
 * is at most one a step); bit 9 is set if the string may end here; the next state's
 * place (16 × state) from bit 10 on. A state is an inner node of the code's tree.
 */
const EMITS = 1 << 8;
const MAY_END = 1 << 9;
const PLACE_SHIFT = 10;

/** The transition of a string that spells EOS out, which is an error (RFC 7541 section 5.2). */
const FAILS = -1;

/** A full binary tree with 257 leaves has so many inner nodes. */
const STATE_COUNT = 256;

/** Padding is at most this many bits, all ones (RFC 7541 section 5.2). */
const MAX_PADDING_BITS = 7;

/** Strings up to this many octets are decoded in a buffer that is kept. */
const KEPT_BUFFER_BYTES = 4096;

/** Made when the first Huffman string comes: many a connection never sees one. */
let machine: Int32Array | undefined;
const keptBuffer = new Uint8Array(KEPT_BUFFER_BYTES);

/**
 * The text whose Huffman code is `bytes[start, end)`.
 *
 * Throws `HpackError` if the padding is longer than seven bits or not all ones,
 * or if EOS is spelt out.
 *
 * @example
 * ```ts
 * import { decodeHuffman } from "./huffman.ts";
 * if (decodeHuffman(Uint8Array.of(0x64, 0x02), 0, 2) !== "302") throw new Error("C.6.1");
 * ```
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const transitions = machine ??= createMachine();
  // No code is shorter than five bits.
  const room = Math.floor((end - start) * 8 / 5);
  // Octets: what is stored of a transition is its symbol.
  const text = room <= KEPT_BUFFER_BYTES ? keptBuffer : new Uint8Array(room);
  let length = 0;
  let transition = MAY_END;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    transition = transitions[(transition >>> PLACE_SHIFT) + (byte >>> 4)];
    if (transition === FAILS) break;
    if ((transition & EMITS) !== 0) text[length++] = transition;
    transition = transitions[(transition >>> PLACE_SHIFT) + (byte & 0xf)];
    if (transition === FAILS) break;
    if ((transition & EMITS) !== 0) text[length++] = transition;
  }
  if (transition === FAILS) throw new HpackError("A Huffman string holds the EOS symbol.");
  if ((transition & MAY_END) === 0) {
    throw new HpackError("A Huffman string ends in padding that is not up to seven ones.");
  }
  return latin1Text(text, 0, length);
}

/** The transitions of every state: sixteen thousand steps down the tree, about 1 ms cold. */
function createMachine(): Int32Array {
  const { children, mayEnd } = createTree();
  const transitions = new Int32Array(16 * STATE_COUNT);
  for (let start = 0; start < STATE_COUNT; start++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = start;
      let emitted = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[2 * node + ((nibble >>> bit) & 1)];
        if (child >= 0) {
          node = child;
        } else {
          const symbol = ~child;
          emitted = symbol === EOS ? FAILS : EMITS | symbol;
          node = 0;
        }
      }
      transitions[16 * start + nibble] = emitted === FAILS
        ? FAILS
        : (16 * node) << PLACE_SHIFT | (mayEnd[node] === 1 ? MAY_END : 0) | emitted;
    }
  }
  return transitions;
}

/**
 * The code's tree. `children[2 * node + bit]` is an inner node's number, the root
 * being 0, or for a leaf the complement of its symbol; `mayEnd[node]` is 1 where
 * the bits since the last symbol are padding.
 */
function createTree(): { children: Int16Array; mayEnd: Uint8Array } {
  const children = new Int16Array(2 * STATE_COUNT);
  const mayEnd = new Uint8Array(STATE_COUNT);
  let nodes = 1;
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = CODE_LENGTHS[symbol] - 1; bit > 0; bit--) {
      const edge = 2 * node + ((CODES[symbol] >>> bit) & 1);
      // No edge leads back to the root, so 0 is an edge not yet made.
      if (children[edge] === 0) children[edge] = nodes++;
      node = children[edge];
    }
    children[2 * node + (CODES[symbol] & 1)] = ~symbol;
  }
  let node = 0;
  for (let bits = 0; bits <= MAX_PADDING_BITS; bits++) {
    mayEnd[node] = 1;
    node = children[2 * node + 1];
  }
  return { children, mayEnd };
}

/**
 * `bytes[start, end)` as text, one character an octet. (`TextDecoder("latin1")`
 * is windows-1252 and maps 0x80 to 0x9f elsewhere. Adding character to character
 * is slower from a dozen on, and leaves a rope.)
 *
 * @example
 * ```ts
 * import { latin1Text } from "./huffman.ts";
 * if (latin1Text(Uint8Array.of(0x74, 0x65, 0x80), 0, 3) !== "te\u0080") throw new Error("latin1");
 * ```
 */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}
