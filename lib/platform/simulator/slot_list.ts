/** Neighbours of slots in lists; lists that never hold the same slot share one. */
export class SlotLinks {
  readonly next: Int32Array;
  readonly previous: Int32Array;

  constructor(slots: number) {
    this.next = new Int32Array(slots);
    this.previous = new Int32Array(slots);
  }
}

/** A list of slots, in and out anywhere without an allocation. */
export class SlotList {
  /** The first slot, −1 if there is none. */
  head = -1;
  /** The last slot, −1 if there is none. */
  tail = -1;
  size = 0;

  /** Puts a slot at the end. */
  append(links: SlotLinks, slot: number): void {
    this.insertAfter(links, this.tail, slot);
  }

  /** Puts a slot behind another one, −1: in front. */
  insertAfter(links: SlotLinks, before: number, slot: number): void {
    const after = before < 0 ? this.head : links.next[before];
    links.previous[slot] = before;
    links.next[slot] = after;
    if (before < 0) this.head = slot;
    else links.next[before] = slot;
    if (after < 0) this.tail = slot;
    else links.previous[after] = slot;
    this.size++;
  }

  /** Takes out a slot that is in it. */
  remove(links: SlotLinks, slot: number): void {
    const before = links.previous[slot];
    const after = links.next[slot];
    if (before < 0) this.head = after;
    else links.next[before] = after;
    if (after < 0) this.tail = before;
    else links.previous[after] = before;
    this.size--;
  }
}
