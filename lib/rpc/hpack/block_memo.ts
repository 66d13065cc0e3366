import { ByteWriter } from "../byte_writer.ts";
import type { HeaderBlock } from "./header_block.ts";

/** Longer blocks are rarely the same twice, and cost more to compare. */
export const MAX_REMEMBERED_BYTES = 64;

/**
 * Blocks remembered at most. A gRPC server repeats a handful; the bound is for
 * one whose blocks are all different (a request's id, say).
 */
export const MAX_REMEMBERED_BLOCKS = 128;

/** A power of two above the blocks, so that a free slot ends every search. */
const SLOT_COUNT = 2 * MAX_REMEMBERED_BLOCKS;

/** Multiplier of the 32-bit FNV-1a hash (draft-eastlake-fnv). */
const FNV_PRIME = 0x01000193;

interface Remembered {
  /** Where the block's octets are kept. */
  readonly offset: number;
  readonly length: number;
  readonly block: HeaderBlock;
}

/**
 * Header blocks by their octets. Finding one allocates nothing: a hash table of
 * our own with open addressing, because a `Map` would want the octets as one
 * value, and a string, or a number of more than 32 bits, is made for the look-up.
 *
 * @example
 * ```ts
 * import { BlockMemo } from "./block_memo.ts";
 * import { HeaderBlock } from "./header_block.ts";
 * const memo = new BlockMemo();
 * const block = new HeaderBlock([":status"], ["200"]);
 * memo.remember(Uint8Array.of(0x88), 0, 1, block);
 * if (memo.find(Uint8Array.of(0, 0x88), 1, 2) !== block) throw new Error("the octets are equal");
 * ```
 */
export class BlockMemo {
  /** The place in `#remembered`, from 1 on; 0 for a free slot. */
  readonly #slots = new Uint8Array(SLOT_COUNT);
  readonly #remembered: Remembered[] = [];
  readonly #octets = new ByteWriter(0);

  /** The block remembered for `bytes[start, end)`. */
  find(bytes: Uint8Array, start: number, end: number): HeaderBlock | undefined {
    if (this.#remembered.length === 0 || end - start > MAX_REMEMBERED_BYTES) return undefined;
    let slot = firstSlot(bytes, start, end);
    for (let place = this.#slots[slot]; place !== 0; place = this.#slots[slot]) {
      const candidate = this.#remembered[place - 1];
      if (this.#holds(candidate, bytes, start, end)) return candidate.block;
      slot = (slot + 1) & (SLOT_COUNT - 1);
    }
    return undefined;
  }

  /**
   * Keeps `block` for `bytes[start, end)`, which must not be in the memo yet; a
   * block longer than {@linkcode MAX_REMEMBERED_BYTES} is not kept. A full memo
   * forgets everything first: what does repeat is soon back.
   */
  remember(bytes: Uint8Array, start: number, end: number, block: HeaderBlock): void {
    if (end - start > MAX_REMEMBERED_BYTES) return;
    if (this.#remembered.length === MAX_REMEMBERED_BLOCKS) this.clear();
    const offset = this.#octets.length;
    this.#octets.append(bytes, start, end);
    let slot = firstSlot(bytes, start, end);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (SLOT_COUNT - 1);
    this.#slots[slot] = this.#remembered.push({ offset, length: end - start, block });
  }

  /** Forgets every block. */
  clear(): void {
    if (this.#remembered.length === 0) return;
    this.#slots.fill(0);
    this.#remembered.length = 0;
    this.#octets.length = 0;
  }

  #holds({ offset, length }: Remembered, bytes: Uint8Array, start: number, end: number): boolean {
    if (length !== end - start) return false;
    const octets = this.#octets.bytes;
    for (let i = 0; i < length; i++) {
      if (octets[offset + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}

/** Where the search for `bytes[start, end)` starts: their hash, its halves folded. */
function firstSlot(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], FNV_PRIME);
  return (hash ^ (hash >>> 16)) & (SLOT_COUNT - 1);
}
