/** Numbers of a call: doubles first, then integers, together one line of the cache (64 bytes). */
const DOUBLES = 8;
const INTEGERS = 16;

/** Places among a call's doubles. */
export const INDEX = 0;
export const SCHEDULED_MS = 1;
export const DISPATCHED_MS = 2;
/** When an instance began with it; once it is answered, what the function says it ran for. */
export const SERVED_MS = 3;

/** Places among its integers, behind the doubles. */
export const FUNCTION_INDEX = 8;
/** Without a sign, as the next one. */
export const RUNTIME_MS = 9;
export const MEMORY_MIB = 10;
/** Where it is: see {@linkcode STAGE}. */
export const WHERE = 11;
/** Counts the calls of a slot, so that what still travels of one is not taken for the next. */
export const CALL = 12;
/** Id of the instance that it was given to. */
export const INSTANCE = 13;
/** 1: its instance became ready after its dispatch, and serves it first. */
export const IS_COLD = 14;
/** Status of the answer that is on its way. */
export const STATUS = 15;

/** Where a call is. */
export const STAGE = {
  none: 0,
  toGateway: 1,
  waiting: 2,
  serving: 3,
  toLoader: 4,
  /** Given to an instance, and not yet on its node's cores. */
  inRunQueue: 5,
} as const;

/**
 * The calls in flight of a simulated gateway, each in a slot. All of one call lies in one
 * line of the cache: thousands of them are on their way at a time, and in an array for
 * each fact a call would be fetched from memory two dozen times.
 */
export class CallTable {
  /** See {@linkcode doubleOf}. */
  readonly doubles: Float64Array;
  /** The same memory; see {@linkcode integerOf}. */
  readonly integers: Int32Array;
  /** By slot: the name of the instance that has answered. */
  readonly instanceName: (string | null)[];
  readonly #freeSlots: Uint32Array;
  #free: number;
  /** No slot from here on has ever been taken. */
  #untouched = 0;

  /** @param most calls in flight */
  constructor(most: number) {
    this.doubles = new Float64Array(most * DOUBLES);
    this.integers = new Int32Array(this.doubles.buffer);
    this.instanceName = new Array<string | null>(most).fill(null);
    this.#freeSlots = Uint32Array.from({ length: most }, (_, i) => most - 1 - i);
    this.#free = most;
  }

  get count(): number {
    return this.#freeSlots.length - this.#free;
  }

  /** A free slot, of which there must be one: the one that was given back last. */
  take(): number {
    const slot = this.#freeSlots[--this.#free];
    if (slot >= this.#untouched) this.#untouched = slot + 1;
    return slot;
  }

  /** Gives a slot back: what is said of its call from now on is not meant for the next one. */
  release(slot: number): void {
    const at = integerOf(slot);
    this.integers[at + WHERE] = STAGE.none;
    this.integers[at + CALL]++;
    this.#freeSlots[this.#free++] = slot;
  }

  /** The slots of all calls, in the order of their dispatch. */
  inOrder(): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#untouched; slot++) {
      if (this.integers[integerOf(slot) + WHERE] !== STAGE.none) slots.push(slot);
    }
    const indexOf = (slot: number) => this.doubles[doubleOf(slot) + INDEX];
    return slots.sort((a, b) => indexOf(a) - indexOf(b));
  }
}

/** Where a call's doubles begin. */
export function doubleOf(slot: number): number {
  return slot * DOUBLES;
}

/** Where a call's integers begin. */
export function integerOf(slot: number): number {
  return slot * INTEGERS;
}
