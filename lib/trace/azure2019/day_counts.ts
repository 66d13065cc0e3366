import { LoaderError } from "../../base/error.ts";
import { MAX_COUNT, SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";

/** More than the bytes that a function's first day lets one expect, as days differ. */
const ROOM = 1.06;

/** The counts of functions over several days, one day after the other. */
export class DayCounts {
  readonly #slotsPerDay: number;
  readonly #days: number;
  /** By number of the function: of one day what is ready, of several what is added to. */
  readonly #counts: (SlotCounts | SlotCountsBuilder)[] = [];

  constructor(days: number, slotsPerDay: number) {
    this.#days = days;
    this.#slotsPerDay = slotsPerDay;
  }

  /** Takes the counts of a function on a day, from 0, out of a builder, which begins anew. */
  add(number: number, day: number, builder: SlotCountsBuilder): void {
    if (this.#days === 1) {
      this.#counts[number] = builder.finish(this.#slotsPerDay);
      return;
    }
    let counts = this.#counts[number];
    if (!(counts instanceof SlotCountsBuilder)) {
      counts = new SlotCountsBuilder(Math.ceil(builder.bytes * (this.#days - day) * ROOM) + 16);
      this.#counts[number] = counts;
    }
    counts.append(builder, day * this.#slotsPerDay);
  }

  /**
   * Adds the counts of a function that is there a second time.
   *
   * @throws LoaderError what `tooLarge` makes where a slot comes to more than it can hold
   */
  merge(
    number: number,
    day: number,
    builder: SlotCountsBuilder,
    tooLarge: (slot: number, count: number) => LoaderError,
  ): void {
    const first = this.finish(number);
    const fromSlot = day * this.#slotsPerDay;
    const own = first.cursor();
    const other = builder.finish(this.#slotsPerDay).cursor();
    const sum = new SlotCountsBuilder();
    while (own.slot < Infinity || other.slot < Infinity) {
      const slot = Math.min(own.slot, fromSlot + other.slot);
      let count = 0;
      if (own.slot === slot) {
        count += own.count;
        own.next();
      }
      if (fromSlot + other.slot === slot) {
        count += other.count;
        other.next();
      }
      if (count > MAX_COUNT) throw tooLarge(slot - fromSlot, count);
      sum.add(slot, count);
    }
    this.#counts[number] = this.#days === 1 ? sum.finish(this.#slotsPerDay) : sum;
  }

  /** The counts of a function, whose memory they take over. */
  finish(number: number): SlotCounts {
    const slots = this.#days * this.#slotsPerDay;
    const counts = this.#counts[number];
    return counts instanceof SlotCountsBuilder ? counts.end(slots) : counts;
  }
}
