/** Calls that one instance works on at a time; more are turned away. */
export const MAX_CALLS = 64;

/** Index 0 counts all calls ever added; then come the fields of each slot. */
const HEADER_FIELDS = 1;
/** Calls ever added to the slot; the number of the slot's last call. */
const NUMBER = 0;
/** The last of the slot's calls that was cancelled. */
const CANCELLED = 1;
const RUNTIME_MS = 2;
const MEMORY_MIB = 3;
const FIELDS = 4;

/** How a call ended, as the worker tells the serving thread. */
export interface CallResult {
  readonly slot: number;
  /** `out_of_memory`: the memory asked for could not be allocated. */
  readonly end: "done" | "cancelled" | "out_of_memory";
  /** From the start of the allocation to the end of the spin. */
  readonly durationUs: number;
  /** Memory that was allocated and touched. */
  readonly memoryKib: number;
}

/**
 * The calls of an instance in memory that two threads share: the serving
 * thread adds and cancels them, and the worker sees it between two turns of
 * work although it never returns to its event loop. Every field has one writer.
 */
export class CallTable {
  readonly memory: SharedArrayBuffer;
  readonly #fields: Int32Array;

  constructor(
    memory = new SharedArrayBuffer(
      Int32Array.BYTES_PER_ELEMENT * (HEADER_FIELDS + FIELDS * MAX_CALLS),
    ),
  ) {
    this.memory = memory;
    this.#fields = new Int32Array(memory);
  }

  /** Serving thread: adds a call in a slot whose last call has ended. */
  add(slot: number, runtimeMs: number, memoryMib: number): void {
    this.#fields[fieldOf(slot, RUNTIME_MS)] = runtimeMs;
    this.#fields[fieldOf(slot, MEMORY_MIB)] = memoryMib;
    Atomics.add(this.#fields, fieldOf(slot, NUMBER), 1);
    Atomics.add(this.#fields, 0, 1);
    Atomics.notify(this.#fields, 0);
  }

  /** Serving thread: tells the worker to stop the slot's call; its result still comes. */
  cancel(slot: number): void {
    const number = Atomics.load(this.#fields, fieldOf(slot, NUMBER));
    Atomics.store(this.#fields, fieldOf(slot, CANCELLED), number);
  }

  /** Worker: a number that changes whenever a call is added. */
  additions(): number {
    return Atomics.load(this.#fields, 0);
  }

  /** Worker: sleeps until `additions()` is no longer `seen`. */
  waitForAddition(seen: number): void {
    Atomics.wait(this.#fields, 0, seen);
  }

  /** Worker: a number that changes when the slot gets another call; 0 before the first. */
  callNumber(slot: number): number {
    return Atomics.load(this.#fields, fieldOf(slot, NUMBER));
  }

  /** Worker: whether the slot's last call was cancelled. */
  isCancelled(slot: number): boolean {
    return Atomics.load(this.#fields, fieldOf(slot, CANCELLED)) === this.callNumber(slot);
  }

  /** Worker: runtime that the slot's last call asks for. */
  runtimeMs(slot: number): number {
    return this.#fields[fieldOf(slot, RUNTIME_MS)] >>> 0;
  }

  /** Worker: memory that the slot's last call asks for. */
  memoryMib(slot: number): number {
    return this.#fields[fieldOf(slot, MEMORY_MIB)] >>> 0;
  }
}

function fieldOf(slot: number, field: number): number {
  return HEADER_FIELDS + slot * FIELDS + field;
}
