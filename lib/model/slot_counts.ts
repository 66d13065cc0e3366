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
 * numbers of variable length (LEB128): twice the count, plus 1 where the slot does
 * not follow the one before, and then how many slots lie between. So a count below
 * 64 of a busy function takes a byte, and of a seldom one two or three.
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
  /** Where the slot after this one is written. */
  offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.next();
  }

  next(): void {
    if (this.offset >= this.#bytes.length) {
      this.slot = Infinity;
      this.count = 0;
      return;
    }
    const token = this.#read();
    this.slot += 1;
    if (token % 2 === 1) this.slot += 1 + this.#read();
    this.count = Math.floor(token / 2);
  }

  #read(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.offset++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let weight = 0x80;
    do {
      byte = bytes[this.offset++];
      value += (byte & 0x7f) * weight;
      weight *= 0x80;
    } while (byte >= 0x80);
    return value;
  }
}

/** A count and a distance, each of at most 5 bytes. */
const MOST_BYTES_A_SLOT = 10;

/** Makes {@linkcode SlotCounts}, one after the other, in one buffer that grows with the largest. */
export class SlotCountsBuilder {
  #bytes: Uint8Array;
  #length = 0;
  /** The last slot that was added, its count and where it was written: there may be more of it. */
  #slot = -1;
  #count = 0;
  #writtenAt = 0;
  #total = 0;
  #nonZero = 0;

  /** @param bytes room for so many from the start */
  constructor(bytes = 1024) {
    this.#bytes = new Uint8Array(bytes);
  }

  /** Number of bytes that {@linkcode SlotCountsBuilder.finish} would keep. */
  get bytes(): number {
    return this.#length;
  }

  /**
   * Adds invocations. Slots come in order; what comes twice adds up.
   *
   * @throws LoaderError `input` when a slot comes to more than {@linkcode MAX_COUNT}
   */
  add(slot: number, count: number): void {
    if (count === 0) return;
    let distance = slot - this.#slot;
    if (distance <= 0) {
      if (distance < 0) throw new RangeError(`slot ${slot} after ${this.#slot}`);
      this.#total -= this.#count;
      count += this.#count;
      // Written again, from the slot before.
      distance = this.#distanceAgain();
    } else {
      this.#nonZero++;
    }
    if (count > MAX_COUNT) throw tooLarge(count);
    this.#slot = slot;
    this.#count = count;
    this.#total += count;
    this.#write(count, distance);
  }

  /**
   * Adds what another builder has, its slot 0 being slot `fromSlot` here, which no slot added
   * so far reaches; the other one begins anew.
   */
  append(other: SlotCountsBuilder, fromSlot: number): void {
    if (fromSlot <= this.#slot) throw new RangeError(`slot ${fromSlot} after ${this.#slot}`);
    if (other.#length > 0) {
      // Only the first distance is another one.
      const first = new Cursor(other.#bytes.subarray(0, other.#length));
      const rest = other.#bytes.subarray(first.offset, other.#length);
      this.#write(first.count, fromSlot + first.slot - this.#slot);
      this.#reserve(rest.length);
      this.#bytes.set(rest, this.#length);
      if (rest.length > 0) this.#writtenAt = this.#length + other.#writtenAt - first.offset;
      this.#length += rest.length;
      this.#slot = fromSlot + other.#slot;
      this.#count = other.#count;
      this.#total += other.#total;
      this.#nonZero += other.#nonZero;
    }
    other.clear();
  }

  /** What was added, as counts of so many slots; begins anew. */
  finish(slots: number): SlotCounts {
    return this.#finish(slots, this.#bytes.slice(0, this.#length));
  }

  /**
   * As {@linkcode SlotCountsBuilder.finish}, for the last time: the counts keep the builder's
   * own memory where that has little room to spare.
   */
  end(slots: number): SlotCounts {
    if (this.#length * 9 < this.#bytes.length * 8) return this.finish(slots);
    const counts = this.#finish(slots, this.#bytes.subarray(0, this.#length));
    this.#bytes = new Uint8Array(0);
    return counts;
  }

  /** Forgets what was added since the last {@linkcode SlotCountsBuilder.finish}. */
  clear(): void {
    this.#length = 0;
    this.#slot = -1;
    this.#count = 0;
    this.#writtenAt = 0;
    this.#total = 0;
    this.#nonZero = 0;
  }

  #finish(slots: number, bytes: Uint8Array): SlotCounts {
    if (this.#slot >= slots) throw new RangeError(`slot ${this.#slot} of ${slots}`);
    const counts = new SlotCounts(slots, this.#total, this.#nonZero, bytes);
    this.clear();
    return counts;
  }

  /** Takes the last slot back; its distance from the one before. */
  #distanceAgain(): number {
    const last = new Cursor(this.#bytes.subarray(this.#writtenAt, this.#length));
    this.#length = this.#writtenAt;
    return last.slot + 1;
  }

  #write(count: number, distance: number): void {
    this.#reserve(MOST_BYTES_A_SLOT);
    this.#writtenAt = this.#length;
    if (distance === 1) {
      this.#writeNumber(count * 2);
    } else {
      this.#writeNumber(count * 2 + 1);
      this.#writeNumber(distance - 2);
    }
  }

  #writeNumber(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    while (value >= 0x80) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
    }
    bytes[at++] = value;
    this.#length = at;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function tooLarge(count: number): LoaderError {
  return new LoaderError(
    "input",
    `A function has ${count} invocations in one slot; a slot holds at most ${MAX_COUNT}.`,
    { value: count },
  );
}
