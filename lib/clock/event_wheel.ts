import {
  doubleOf,
  EventTable,
  integerOf,
  NEXT,
  NOWHERE,
  ORDER,
  PREVIOUS,
  TIME,
  WHERE,
} from "./event_table.ts";

/** Buckets of the wheel, a power of two of at least 1,024. */
const BUCKETS = 8192;
const BUCKET_MASK = BUCKETS - 1;

/** Buckets of a millisecond, a power of two, so that a time finds its bucket exactly. */
const BUCKETS_PER_MS = 8;

/** What the wheel spans. */
const SPAN_MS = BUCKETS / BUCKETS_PER_MS;

/** How far ahead an event may be: what is left of the bucket of now counts for nothing. */
const REACH_MS = SPAN_MS - 1 / BUCKETS_PER_MS;

/** How far from its origin a time may be: 2^30 buckets, a day and a half. */
const FARTHEST_MS = 2 ** 30 / BUCKETS_PER_MS;

/** Most events of a bucket: it is kept in order, and looked through one by one. */
const MOST_IN_BUCKET = 64;

/** Bits of a word of the maps of what is not empty. */
const WORD_BITS = 5;
const WORD_MASK = (BUCKETS >> WORD_BITS) - 1;

/** None: no event, no bucket. */
const NONE = -1;

/**
 * The near future of a clock: events of the next second, each in a bucket of an eighth of a
 * millisecond that is kept in order. Where there are few events to a bucket, putting
 * one in and taking the earliest out take the same short time for any number of
 * events, where a heap goes down its levels (a calendar queue: R. Brown, "Calendar
 * queues: a fast O(1) priority queue implementation for the simulation event set
 * problem", Communications of the ACM 31 (10), 1988; but with a fixed width, and
 * with a heap beside it for what does not fit).
 *
 * Nothing is allocated. What it knows of an event is in a table, which says as well
 * where an event is that is not in the wheel.
 *
 * @example
 * ```ts
 * import { EventTable } from "./event_table.ts";
 * import { EventWheel } from "./event_wheel.ts";
 * const table = new EventTable();
 * const wheel = new EventWheel(table);
 * const [late, early, far] = [table.add(), table.add(), table.add()];
 * if (!wheel.insert(late, 20, 0, 0) || !wheel.insert(early, 10, 1, 0)) throw new Error("soon enough");
 * if (wheel.top !== early || wheel.topTimeMs !== 10) throw new Error("not the earliest");
 * if (wheel.insert(far, 60_000, 2, 0)) throw new Error("a minute is beyond it");
 * ```
 */
export class EventWheel {
  readonly #table: EventTable;
  // By bucket.
  readonly #head = new Int32Array(BUCKETS).fill(NONE);
  readonly #tail = new Int32Array(BUCKETS).fill(NONE);
  readonly #size = new Uint8Array(BUCKETS);
  /** Which buckets are not empty, a bit for each, and which words of those are not. */
  readonly #words = new Int32Array(BUCKETS >> WORD_BITS);
  readonly #summary = new Int32Array(BUCKETS >> (2 * WORD_BITS));
  /** When a first bucket began: a multiple of the span, near enough for 32-bit arithmetic. */
  #originMs = 0;
  #top = NONE;
  /** Time and order of the top: here they are read without a look at which event it is. */
  readonly #topKey = new Float64Array(2).fill(Infinity);

  constructor(table: EventTable) {
    this.#table = table;
  }

  /** The earliest event, −1 if there is none. */
  get top(): number {
    return this.#top;
  }

  /** The time of the earliest event, `Infinity` if there is none. */
  get topTimeMs(): number {
    return this.#topKey[0];
  }

  /** The order of the earliest event, `Infinity` if there is none. */
  get topOrder(): number {
    return this.#topKey[1];
  }

  /**
   * Puts in an event that is nowhere; `order` decides between equal times.
   *
   * @param nowMs not before any that was given, nor after `timeMs` or any event in the wheel
   * @returns false where it is too far ahead, or its bucket is full
   */
  insert(event: number, timeMs: number, order: number, nowMs: number): boolean {
    if (timeMs - nowMs >= REACH_MS) return false;
    if (timeMs - this.#originMs >= FARTHEST_MS) this.#moveOrigin(nowMs);
    const bucket = ((timeMs - this.#originMs) * BUCKETS_PER_MS) & BUCKET_MASK;
    const size = this.#size[bucket];
    if (size === MOST_IN_BUCKET) return false;
    const { doubles, integers } = this.#table;
    const at = integerOf(event);
    doubles[doubleOf(event) + TIME] = timeMs;
    doubles[doubleOf(event) + ORDER] = order;
    integers[at + WHERE] = bucket;
    this.#size[bucket] = size + 1;
    if (size === 0) {
      this.#head[bucket] = this.#tail[bucket] = event;
      integers[at + NEXT] = integers[at + PREVIOUS] = NONE;
      const word = bucket >> WORD_BITS;
      this.#words[word] |= 1 << bucket;
      this.#summary[word >> WORD_BITS] |= 1 << word;
    } else {
      this.#insertInOrder(bucket, event, timeMs, order);
    }
    const topKey = this.#topKey;
    if (timeMs < topKey[0] || (timeMs === topKey[0] && order < topKey[1])) {
      this.#top = event;
      topKey[0] = timeMs;
      topKey[1] = order;
    }
    return true;
  }

  /** Takes out an event that is in it. */
  remove(event: number): void {
    const { integers } = this.#table;
    const at = integerOf(event);
    const bucket = integers[at + WHERE];
    const next = integers[at + NEXT];
    const previous = integers[at + PREVIOUS];
    integers[at + WHERE] = NOWHERE;
    if (previous < 0) this.#head[bucket] = next;
    else integers[integerOf(previous) + NEXT] = next;
    if (next < 0) this.#tail[bucket] = previous;
    else integers[integerOf(next) + PREVIOUS] = previous;
    if (--this.#size[bucket] === 0) {
      const word = bucket >> WORD_BITS;
      if ((this.#words[word] &= ~(1 << bucket)) === 0) {
        this.#summary[word >> WORD_BITS] &= ~(1 << word);
      }
    }
    if (event === this.#top) this.#setTop(next >= 0 ? next : this.#firstFrom(bucket));
  }

  #setTop(event: number): void {
    const { doubles } = this.#table;
    this.#top = event;
    this.#topKey[0] = event < 0 ? Infinity : doubles[doubleOf(event) + TIME];
    this.#topKey[1] = event < 0 ? Infinity : doubles[doubleOf(event) + ORDER];
  }

  #insertInOrder(bucket: number, event: number, timeMs: number, order: number): void {
    const { doubles, integers } = this.#table;
    let before = this.#tail[bucket];
    // Mostly the latest is the last.
    while (before >= 0) {
      const beforeMs = doubles[doubleOf(before) + TIME];
      if (beforeMs < timeMs) break;
      if (beforeMs === timeMs && doubles[doubleOf(before) + ORDER] < order) break;
      before = integers[integerOf(before) + PREVIOUS];
    }
    const after = before < 0 ? this.#head[bucket] : integers[integerOf(before) + NEXT];
    integers[integerOf(event) + PREVIOUS] = before;
    integers[integerOf(event) + NEXT] = after;
    if (before < 0) this.#head[bucket] = event;
    else integers[integerOf(before) + NEXT] = event;
    if (after < 0) this.#tail[bucket] = event;
    else integers[integerOf(after) + PREVIOUS] = event;
  }

  /** The first event of the buckets from this one on, around the wheel; −1 if there is none. */
  #firstFrom(bucket: number): number {
    const words = this.#words;
    let word = bucket >> WORD_BITS;
    let bits = words[word] & (-1 << bucket);
    if (bits === 0) {
      word = this.#nextWord(word);
      if (word < 0) return NONE;
      bits = words[word];
    }
    return this.#head[(word << WORD_BITS) + lowestBit(bits)];
  }

  /** The first word after this one, around the wheel, that is not empty; this one is the last. */
  #nextWord(word: number): number {
    const summary = this.#summary;
    const from = (word + 1) & WORD_MASK;
    let at = from >> WORD_BITS;
    let bits = summary[at] & (-1 << from);
    // Once more the first, for those of its words that come before.
    for (let left = summary.length; bits === 0 && left > 0; left--) {
      at = (at + 1) & (summary.length - 1);
      bits = summary[at];
    }
    return bits === 0 ? NONE : (at << WORD_BITS) + lowestBit(bits);
  }

  /** By whole turns, so that every event stays in its bucket. */
  #moveOrigin(nowMs: number): void {
    this.#originMs = Math.floor(nowMs / SPAN_MS) * SPAN_MS;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
