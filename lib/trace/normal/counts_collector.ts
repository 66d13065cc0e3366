import { SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";

/** What has been collected, function by function. */
export interface CollectedCounts {
  /** By function; `undefined` where a number was never added. */
  readonly counts: readonly (SlotCounts | undefined)[];
  /** How often a slot of a function came more than once; the counts add up. */
  readonly duplicates: number;
}

/**
 * Collects counts of functions and slots that come in any order. As long as the
 * rows of a function come together and in order, each is packed when the next
 * function begins; else they are kept as some 3 bytes a row until the end.
 *
 * @example
 * ```ts
 * import { CountsCollector } from "./counts_collector.ts";
 * const collector = new CountsCollector();
 * collector.add(0, 1, 5);
 * collector.add(1, 0, 2);
 * collector.add(0, 0, 3);
 * const [first] = collector.finish(2).counts;
 * if (first?.toArray().join() !== "3,5") throw new Error("in order of slots");
 * ```
 */
export class CountsCollector {
  readonly #builder = new SlotCountsBuilder();
  readonly #packed: (SlotCounts | undefined)[] = [];
  readonly #logs: (RowLog | undefined)[] = [];
  /** False once a function came again or went back in time: most others will, too. */
  #areGrouped = true;
  #function = -1;
  #slot = -1;
  #lastSlot = -1;
  #duplicates = 0;

  /** The last slot that was added with or without invocations; −1: none. */
  get lastSlot(): number {
    return this.#lastSlot;
  }

  /** Adds invocations of a function, given by a number from 0, in a slot. */
  add(functionNumber: number, slot: number, count: number): void {
    if (slot > this.#lastSlot) this.#lastSlot = slot;
    if (this.#areGrouped) {
      if (functionNumber !== this.#function) {
        this.#pack();
        if (this.#packed[functionNumber] === undefined) {
          this.#function = functionNumber;
          this.#slot = -1;
        } else {
          this.#areGrouped = false;
        }
      } else if (slot < this.#slot) {
        this.#pack();
        this.#areGrouped = false;
      } else if (slot === this.#slot) {
        this.#duplicates++;
      }
    }
    if (this.#areGrouped) {
      this.#slot = slot;
      this.#builder.add(slot, count);
    } else {
      (this.#logs[functionNumber] ??= new RowLog()).add(slot, count);
    }
  }

  /** All that was added, as counts of so many slots. */
  finish(slots: number): CollectedCounts {
    this.#pack();
    const length = Math.max(this.#packed.length, this.#logs.length);
    const counts: (SlotCounts | undefined)[] = [];
    for (let number = 0; number < length; number++) {
      const packed = this.#packed[number];
      const log = this.#logs[number];
      counts.push(log === undefined ? packed?.ofLength(slots) : this.#merge(log, packed, slots));
      this.#logs[number] = undefined;
    }
    return { counts, duplicates: this.#duplicates };
  }

  /** Packs the function whose rows came last. */
  #pack(): void {
    if (this.#function < 0) return;
    this.#packed[this.#function] = this.#builder.finish(this.#lastSlot + 1);
    this.#function = -1;
  }

  #merge(log: RowLog, packed: SlotCounts | undefined, slots: number): SlotCounts {
    packed?.forEach((slot, count) => log.add(slot, count));
    let last = -1;
    log.forEachInOrder((slot, count) => {
      if (slot === last) this.#duplicates++;
      last = slot;
      this.#builder.add(slot, count);
    });
    return this.#builder.finish(slots);
  }
}

/** A distance and a count, each of at most 5 bytes. */
const MOST_BYTES_A_ROW = 10;

/** Slots and counts in the order in which they came, as numbers of variable length. */
class RowLog {
  #bytes = new Uint8Array(32);
  #length = 0;
  #slot = 0;
  #rows = 0;
  #isInOrder = true;

  add(slot: number, count: number): void {
    if (this.#length + MOST_BYTES_A_ROW > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const distance = slot - this.#slot;
    // Negative ones take the odd numbers.
    this.#write(distance < 0 ? -2 * distance - 1 : 2 * distance);
    this.#write(count);
    if (distance < 0) this.#isInOrder = false;
    this.#slot = slot;
    this.#rows++;
  }

  forEachInOrder(visit: (slot: number, count: number) => void): void {
    if (this.#isInOrder) return this.#forEach(visit);
    // A slot and the place of its row are one number, so that sorting them needs no comparison.
    const keys = new Float64Array(this.#rows);
    const counts = new Float64Array(this.#rows);
    let row = 0;
    this.#forEach((slot, count) => {
      keys[row] = slot * this.#rows + row;
      counts[row++] = count;
    });
    keys.sort();
    for (const key of keys) visit(Math.floor(key / this.#rows), counts[key % this.#rows]);
  }

  #forEach(visit: (slot: number, count: number) => void): void {
    let slot = 0;
    for (let at = 0; at < this.#length;) {
      let [distance, count] = [0, 0];
      for (let weight = 1;; weight *= 0x80) {
        const byte = this.#bytes[at++];
        distance += (byte & 0x7f) * weight;
        if (byte < 0x80) break;
      }
      for (let weight = 1;; weight *= 0x80) {
        const byte = this.#bytes[at++];
        count += (byte & 0x7f) * weight;
        if (byte < 0x80) break;
      }
      slot += distance % 2 === 1 ? -(distance + 1) / 2 : distance / 2;
      visit(slot, count);
    }
  }

  #write(value: number): void {
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }
}
