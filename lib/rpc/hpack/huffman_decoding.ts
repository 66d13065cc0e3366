import { CODE_LENGTHS, CODES, EOS } from "./huffman_code.ts";
import { HpackError } from "./hpack_error.ts";
import { latin1Text } from "./latin1_text.ts";

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
 * import { decodeHuffman } from "./huffman_decoding.ts";
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
