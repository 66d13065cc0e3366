/** Numbers of an event: doubles first, then integers, together one line of the cache (64 bytes). */
const DOUBLES = 8;
const INTEGERS = 16;

/** Places among an event's doubles. */
export const TIME = 0;
export const ORDER = 1;
/** Order among what happens at one time, before the sequence. */
export const BASE_ORDER = 2;

/** Places among its integers, behind the doubles. */
export const NEXT = 8;
export const PREVIOUS = 9;
/** Where it is set: see {@linkcode NOWHERE}. */
export const WHERE = 10;
export const HANDLER = 11;
export const ARGUMENT = 12;
/** 1: it is given back once it has happened. */
export const ONCE = 13;

/** Values of {@linkcode WHERE} beside the wheel's buckets. */
export const NOWHERE = -1;
export const IN_HEAP = -2;

/**
 * What a clock knows of its events. All of one event lies in one line of the
 * cache: thousands of them are waiting at a time, and in an array for each fact
 * an event would be fetched from memory nine times.
 */
export class EventTable {
  /** See {@linkcode doubleOf}. */
  doubles = new Float64Array(64 * DOUBLES);
  /** The same memory; see {@linkcode integerOf}. */
  integers = new Int32Array(this.doubles.buffer);
  #events = 0;

  /** Adds an event that is set nowhere; returns its number. */
  add(): number {
    const event = this.#events++;
    if (event * DOUBLES === this.doubles.length) {
      const doubles = new Float64Array(2 * this.doubles.length);
      doubles.set(this.doubles);
      this.doubles = doubles;
      this.integers = new Int32Array(doubles.buffer);
    }
    this.integers[integerOf(event) + WHERE] = NOWHERE;
    return event;
  }
}

/** Where an event's doubles begin. */
export function doubleOf(event: number): number {
  return event * DOUBLES;
}

/** Where an event's integers begin. */
export function integerOf(event: number): number {
  return event * INTEGERS;
}
