/** Where in its heap each id is; heaps that never hold the same id may share it. */
export class HeapPositions {
  /** By id: position, −1 where it is in no heap. */
  at = new Int32Array(64).fill(-1);

  /** Makes room for an id. */
  reserve(id: number): void {
    if (id < this.at.length) return;
    const larger = new Int32Array(Math.max(id + 1, 2 * this.at.length)).fill(-1);
    larger.set(this.at);
    this.at = larger;
  }
}

/**
 * Children of an entry. With four, a heap is half as deep as with two, and the
 * children of one entry share a cache line.
 */
const ARITY_BITS = 2;
const ARITY = 1 << ARITY_BITS;

/**
 * The earliest of many events: a heap of ids (small whole numbers, each in it at
 * most once) ordered by (time, order), in typed arrays, so that nothing is
 * allocated and an event can be moved or taken out wherever it is.
 *
 * @example
 * ```ts
 * import { EventHeap } from "./event_heap.ts";
 * const heap = new EventHeap();
 * heap.set(7, 20, 0);
 * heap.set(3, 10, 1);
 * heap.set(7, 5, 2); // Moves it.
 * if (heap.top !== 7 || heap.topTimeMs !== 5) throw new Error("7 is the earliest now");
 * ```
 */
export class EventHeap {
  // What is first when nothing is in it: asking for it needs no look at the size.
  #timeMs = new Float64Array(16).fill(Infinity, 0, 1);
  #order = new Float64Array(16).fill(Infinity, 0, 1);
  #id = new Int32Array(16).fill(-1, 0, 1);
  #size = 0;
  readonly #positions: HeapPositions;

  constructor(positions: HeapPositions = new HeapPositions()) {
    this.#positions = positions;
  }

  /** Events in it. */
  get size(): number {
    return this.#size;
  }

  /** The id of the earliest event, −1 if there is none. */
  get top(): number {
    return this.#id[0];
  }

  /** The time of the earliest event, `Infinity` if there is none. */
  get topTimeMs(): number {
    return this.#timeMs[0];
  }

  /** The order of the earliest event, `Infinity` if there is none. */
  get topOrder(): number {
    return this.#order[0];
  }

  /** The time of an event, `Infinity` where it is not in it. */
  timeMsOf(id: number): number {
    const position = id < this.#positions.at.length ? this.#positions.at[id] : -1;
    return position < 0 ? Infinity : this.#timeMs[position];
  }

  /** Puts an event in, or moves it; `order` decides between equal times. */
  set(id: number, timeMs: number, order: number): void {
    this.#positions.reserve(id);
    const position = this.#positions.at[id];
    if (position < 0) {
      if (this.#size === this.#id.length) this.#grow();
      this.#siftUp(this.#size++, id, timeMs, order);
    } else if (
      timeMs < this.#timeMs[position] ||
      (timeMs === this.#timeMs[position] && order < this.#order[position])
    ) {
      this.#siftUp(position, id, timeMs, order);
    } else {
      this.#siftDown(position, id, timeMs, order);
    }
  }

  /** Takes an event out; one that is not in it is left alone. */
  remove(id: number): void {
    const position = id < this.#positions.at.length ? this.#positions.at[id] : -1;
    if (position < 0) return;
    this.#positions.at[id] = -1;
    const last = --this.#size;
    if (position === last) {
      if (last === 0) this.#setEmpty();
      return;
    }
    const lastId = this.#id[last];
    const timeMs = this.#timeMs[last];
    const order = this.#order[last];
    // What came from below may belong above, if it is from another branch.
    const parent = (position - 1) >> ARITY_BITS;
    if (position > 0 && this.#isBefore(timeMs, order, parent)) {
      this.#siftUp(position, lastId, timeMs, order);
    } else {
      this.#siftDown(position, lastId, timeMs, order);
    }
  }

  #setEmpty(): void {
    this.#timeMs[0] = Infinity;
    this.#order[0] = Infinity;
    this.#id[0] = -1;
  }

  #isBefore(timeMs: number, order: number, position: number): boolean {
    const other = this.#timeMs[position];
    return timeMs < other || (timeMs === other && order < this.#order[position]);
  }

  #siftUp(position: number, id: number, timeMs: number, order: number): void {
    const times = this.#timeMs;
    const orders = this.#order;
    const ids = this.#id;
    const positions = this.#positions.at;
    while (position > 0) {
      const parent = (position - 1) >> ARITY_BITS;
      const parentMs = times[parent];
      if (parentMs < timeMs || (parentMs === timeMs && orders[parent] < order)) break;
      const parentId = ids[parent];
      times[position] = parentMs;
      orders[position] = orders[parent];
      ids[position] = parentId;
      positions[parentId] = position;
      position = parent;
    }
    times[position] = timeMs;
    orders[position] = order;
    ids[position] = id;
    positions[id] = position;
  }

  #siftDown(position: number, id: number, timeMs: number, order: number): void {
    const times = this.#timeMs;
    const orders = this.#order;
    const ids = this.#id;
    const positions = this.#positions.at;
    const size = this.#size;
    for (;;) {
      const first = (position << ARITY_BITS) + 1;
      if (first >= size) break;
      const end = first + ARITY < size ? first + ARITY : size;
      let least = first;
      let leastMs = times[first];
      for (let child = first + 1; child < end; child++) {
        const childMs = times[child];
        if (childMs < leastMs || (childMs === leastMs && orders[child] < orders[least])) {
          least = child;
          leastMs = childMs;
        }
      }
      if (timeMs < leastMs || (timeMs === leastMs && order < orders[least])) break;
      const leastId = ids[least];
      times[position] = leastMs;
      orders[position] = orders[least];
      ids[position] = leastId;
      positions[leastId] = position;
      position = least;
    }
    times[position] = timeMs;
    orders[position] = order;
    ids[position] = id;
    positions[id] = position;
  }

  #grow(): void {
    const length = 2 * this.#id.length;
    const timeMs = new Float64Array(length);
    const order = new Float64Array(length);
    const id = new Int32Array(length);
    timeMs.set(this.#timeMs);
    order.set(this.#order);
    id.set(this.#id);
    this.#timeMs = timeMs;
    this.#order = order;
    this.#id = id;
  }
}
