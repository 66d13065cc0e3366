import { LoaderError } from "../base/error.ts";

/** Counts are stored in 32 bits. */
export const MAX_COUNT = 0xffffffff;

/** Where a reader of {@linkcode SlotCounts} stands: on a slot with invocations, or at the end. */
export interface SlotCursor {
  /** The slot, from 0; `Infinity` at the end. */
  readonly slot: number;
  /** Invocations in it; 0 at the end. */
  readonly count: number;
  /** Goes on to the next slot that has invocations. */
  next(): void;
}

/**
 * Number of invocations of a function in each slot of a trace. Most functions
 * are not invoked in most slots, so only the slots that have any are kept, as
 * numbers of variable length (LEB128): the distance from the slot before, then
 * the count. A day of 46,000 functions takes about 10 MiB so, where a number for
 * each minute would take 253 MiB.
 *
 * @example
 * ```ts
 * import { SlotCounts } from "./slot_counts.ts";
 * const counts = SlotCounts.from([0, 3, 0, 5]);
 * if (counts.total !== 8 || counts.sum(0, 2) !== 3) throw new Error("3 and 5");
 * ```
 */
export class SlotCounts {
  static readonly #empty = new Uint8Array(0);

  /** Number of slots, with and without invocations. */
  readonly length: number;
  /** Sum of all counts. */
  readonly total: number;
  /** Number of slots that have invocations. */
  readonly nonZero: number;
  readonly #bytes: Uint8Array;

  /** For {@linkcode SlotCountsBuilder}; others use that or {@linkcode SlotCounts.from}. */
  constructor(length: number, total: number, nonZero: number, bytes: Uint8Array) {
    this.length = length;
    this.total = total;
    this.nonZero = nonZero;
    this.#bytes = bytes;
  }

  /** Of a count for each slot. */
  static from(counts: ArrayLike<number>): SlotCounts {
    const builder = new SlotCountsBuilder();
    for (let slot = 0; slot < counts.length; slot++) builder.add(slot, counts[slot]);
    return builder.finish(counts.length);
  }

  /** No invocations in any of so many slots. */
  static none(length: number): SlotCounts {
    return new SlotCounts(length, 0, 0, SlotCounts.#empty);
  }

  /** The same counts in a trace of another length, which none of them lies behind. */
  ofLength(length: number): SlotCounts {
    return new SlotCounts(length, this.total, this.nonZero, this.#bytes);
  }

  /** Calls `visit` for each slot that has invocations, in order. */
  forEach(visit: (slot: number, count: number) => void): void {
    for (const cursor = this.cursor(); cursor.slot < Infinity; cursor.next()) {
      visit(cursor.slot, cursor.count);
    }
  }

  /** A reader that stands on the first slot that has invocations. */
  cursor(): SlotCursor {
    return new Cursor(this.#bytes);
  }

  /** Sum of the counts of the slots from `fromSlot` up to, not including, `toSlot`. */
  sum(fromSlot: number, toSlot: number): number {
    if (fromSlot <= 0 && toSlot >= this.length) return this.total;
    let sum = 0;
    for (const cursor = this.cursor(); cursor.slot < toSlot; cursor.next()) {
      if (cursor.slot >= fromSlot) sum += cursor.count;
    }
    return sum;
  }

  /** The largest count of a slot. */
  max(): number {
    let max = 0;
    this.forEach((_, count) => {
      if (count > max) max = count;
    });
    return max;
  }

  /** A count for each slot. */
  toArray(): Uint32Array {
    const counts = new Uint32Array(this.length);
    this.forEach((slot, count) => {
      counts[slot] = count;
    });
    return counts;
  }

  /** True if all counts are equal, slot by slot. */
  equals(other: SlotCounts): boolean {
    return this.length === other.length && this.#bytes.length === other.#bytes.length &&
      this.#bytes.every((byte, i) => byte === other.#bytes[i]);
  }
}

class Cursor implements SlotCursor {
  slot = -1;
  count = 0;
  #offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.next();
  }

  next(): void {
    if (this.#offset >= this.#bytes.length) {
      this.slot = Infinity;
      this.count = 0;
      return;
    }
    this.slot += this.#read();
    this.count = this.#read();
  }

  #read(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#offset++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let weight = 0x80;
    do {
      byte = bytes[this.#offset++];
      value += (byte & 0x7f) * weight;
      weight *= 0x80;
    } while (byte >= 0x80);
    return value;
  }
}

/** A distance and a count, each of at most 5 bytes. */
const MOST_BYTES_A_SLOT = 10;

/** Makes {@linkcode SlotCounts}, one after the other, in one buffer that grows with the largest. */
export class SlotCountsBuilder {
  #bytes: Uint8Array;
  #length = 0;
  #slot = -1;
  /** Slot and count that are not written yet, for there may be more of that slot. */
  #openSlot = -1;
  #openCount = 0;
  #total = 0;
  #nonZero = 0;

  /** @param bytes room for so many from the start */
  constructor(bytes = 1024) {
    this.#bytes = new Uint8Array(bytes);
  }

  /** Number of bytes that {@linkcode finish} would keep. */
  get bytes(): number {
    this.#close();
    return this.#length;
  }

  /**
   * Adds what another builder has, its slot 0 being slot `fromSlot` here, which no slot added
   * so far reaches; the other one begins anew.
   */
  append(other: SlotCountsBuilder, fromSlot: number): void {
    this.#close();
    other.#close();
    if (fromSlot <= this.#slot) throw new RangeError(`slot ${fromSlot} after ${this.#slot}`);
    if (other.#length > 0) {
      // Only the first distance is another one.
      let rest = 0;
      let distance = 0;
      for (let weight = 1;; weight *= 0x80) {
        const byte = other.#bytes[rest++];
        distance += (byte & 0x7f) * weight;
        if (byte < 0x80) break;
      }
      this.#reserve(other.#length + MOST_BYTES_A_SLOT);
      this.#write(distance + fromSlot - 1 - this.#slot);
      this.#bytes.set(other.#bytes.subarray(rest, other.#length), this.#length);
      this.#length += other.#length - rest;
      this.#slot = fromSlot + other.#slot;
      this.#openSlot = this.#slot;
      this.#total += other.#total;
      this.#nonZero += other.#nonZero;
    }
    other.clear();
  }

  /**
   * Adds invocations. Slots come in order; what comes twice adds up.
   *
   * @throws LoaderError `input` when a slot comes to more than {@linkcode MAX_COUNT}
   */
  add(slot: number, count: number): void {
    if (count === 0) return;
    if (slot !== this.#openSlot) {
      if (slot < this.#openSlot) throw new RangeError(`slot ${slot} after ${this.#openSlot}`);
      this.#close();
      this.#openSlot = slot;
    }
    this.#openCount += count;
    this.#total += count;
    if (this.#openCount > MAX_COUNT) {
      throw new LoaderError(
        "input",
        `A function has ${this.#openCount} invocations in one slot; a slot holds at most ` +
          `${MAX_COUNT}.`,
        { value: this.#openCount },
      );
    }
  }

  /** What was added, as counts of so many slots; begins anew. */
  finish(slots: number): SlotCounts {
    this.#close();
    if (this.#slot >= slots) throw new RangeError(`slot ${this.#slot} of ${slots}`);
    const counts = new SlotCounts(
      slots,
      this.#total,
      this.#nonZero,
      this.#bytes.slice(0, this.#length),
    );
    this.clear();
    return counts;
  }

  /** As {@linkcode finish}, for the last time: the counts may keep the builder's own memory. */
  end(slots: number): SlotCounts {
    this.#close();
    const isTight = this.#length * 9 > this.#bytes.length * 8;
    if (!isTight) return this.finish(slots);
    if (this.#slot >= slots) throw new RangeError(`slot ${this.#slot} of ${slots}`);
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    const counts = new SlotCounts(slots, this.#total, this.#nonZero, bytes);
    this.clear();
    return counts;
  }

  /** Forgets what was added since the last {@linkcode finish}. */
  clear(): void {
    this.#length = 0;
    this.#slot = -1;
    this.#openSlot = -1;
    this.#openCount = 0;
    this.#total = 0;
    this.#nonZero = 0;
  }

  #close(): void {
    if (this.#openCount === 0) return;
    this.#reserve(MOST_BYTES_A_SLOT);
    this.#write(this.#openSlot - this.#slot);
    this.#write(this.#openCount);
    this.#slot = this.#openSlot;
    this.#openCount = 0;
    this.#nonZero++;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  #write(value: number): void {
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }
}
