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
 * Events are small whole numbers, each in it at most once; nothing is allocated.
 *
 * @example
 * ```ts
 * import { EventWheel } from "./event_wheel.ts";
 * const wheel = new EventWheel();
 * if (!wheel.insert(7, 20, 0, 0) || !wheel.insert(3, 10, 1, 0)) throw new Error("soon enough");
 * if (wheel.top !== 3 || wheel.topTimeMs !== 10) throw new Error("3 is the earliest");
 * if (wheel.insert(4, 60_000, 2, 0)) throw new Error("a minute is beyond it");
 * ```
 */
export class EventWheel {
  // By event.
  #timeMs = new Float64Array(64);
  #order = new Float64Array(64);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  /** Its bucket, −1 where it is not in the wheel. */
  #bucketOf = new Int32Array(64).fill(NONE);
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

  /** The time of an event, `Infinity` where it is not in it. */
  timeMsOf(event: number): number {
    return event < this.#timeMs.length && this.#bucketOf[event] >= 0
      ? this.#timeMs[event]
      : Infinity;
  }

  /**
   * Puts in an event that is not in it; `order` decides between equal times.
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
    if (event >= this.#timeMs.length) this.#grow(event);
    this.#timeMs[event] = timeMs;
    this.#order[event] = order;
    this.#bucketOf[event] = bucket;
    this.#size[bucket] = size + 1;
    if (size === 0) {
      this.#head[bucket] = this.#tail[bucket] = event;
      this.#next[event] = this.#previous[event] = NONE;
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

  /** Takes an event out; false where it is not in it. */
  remove(event: number): boolean {
    if (event >= this.#timeMs.length) return false;
    const bucket = this.#bucketOf[event];
    if (bucket < 0) return false;
    this.#bucketOf[event] = NONE;
    const next = this.#next[event];
    const previous = this.#previous[event];
    if (previous < 0) this.#head[bucket] = next;
    else this.#next[previous] = next;
    if (next < 0) this.#tail[bucket] = previous;
    else this.#previous[next] = previous;
    if (--this.#size[bucket] === 0) {
      const word = bucket >> WORD_BITS;
      if ((this.#words[word] &= ~(1 << bucket)) === 0) {
        this.#summary[word >> WORD_BITS] &= ~(1 << word);
      }
    }
    if (event === this.#top) this.#setTop(next >= 0 ? next : this.#firstFrom(bucket));
    return true;
  }

  #setTop(event: number): void {
    this.#top = event;
    this.#topKey[0] = event < 0 ? Infinity : this.#timeMs[event];
    this.#topKey[1] = event < 0 ? Infinity : this.#order[event];
  }

  #insertInOrder(bucket: number, event: number, timeMs: number, order: number): void {
    const times = this.#timeMs;
    const orders = this.#order;
    let before = this.#tail[bucket];
    // Mostly the latest is the last.
    while (
      before >= 0 &&
      (times[before] > timeMs || (times[before] === timeMs && orders[before] > order))
    ) before = this.#previous[before];
    const after = before < 0 ? this.#head[bucket] : this.#next[before];
    this.#previous[event] = before;
    this.#next[event] = after;
    if (before < 0) this.#head[bucket] = event;
    else this.#next[before] = event;
    if (after < 0) this.#tail[bucket] = event;
    else this.#previous[after] = event;
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

  #grow(event: number): void {
    const length = Math.max(event + 1, 2 * this.#timeMs.length);
    const timeMs = new Float64Array(length);
    const order = new Float64Array(length);
    const next = new Int32Array(length);
    const previous = new Int32Array(length);
    const bucketOf = new Int32Array(length).fill(NONE);
    timeMs.set(this.#timeMs);
    order.set(this.#order);
    next.set(this.#next);
    previous.set(this.#previous);
    bucketOf.set(this.#bucketOf);
    this.#timeMs = timeMs;
    this.#order = order;
    this.#next = next;
    this.#previous = previous;
    this.#bucketOf = bucketOf;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
