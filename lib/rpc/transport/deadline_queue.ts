import type { Clock, TimerHandle } from "../../clock/clock.ts";

/**
 * A due time for each of many slots, with one timer for all: a doubly linked
 * list in order of due times, in columns. A call's deadline is nearly always
 * later than those before it, so that it is added at the end, and taken out
 * when the call ends, without a search and without garbage.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #onDue: (slot: number) => void;
  readonly #dueMs: Float64Array;
  /** Neighbours in the list; the last place is its two ends. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #ends: number;
  #timer: TimerHandle | undefined;
  #timerDueMs = Infinity;
  #isClosed = false;

  /** `onDue` is called once for each slot that is due, after it was taken out. */
  constructor(clock: Clock, slots: number, onDue: (slot: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#dueMs = new Float64Array(slots);
    this.#next = new Int32Array(slots + 1).fill(-1);
    this.#previous = new Int32Array(slots + 1).fill(-1);
    this.#ends = slots;
    this.#next[slots] = this.#previous[slots] = slots;
  }

  /** Sets the due time of a slot that has none. */
  set(slot: number, dueMs: number): void {
    const ends = this.#ends;
    const next = this.#next;
    const previous = this.#previous;
    let before = previous[ends];
    while (before !== ends && this.#dueMs[before] > dueMs) before = previous[before];
    const after = next[before];
    this.#dueMs[slot] = dueMs;
    previous[slot] = before;
    next[slot] = after;
    next[before] = slot;
    previous[after] = slot;
    if (dueMs < this.#timerDueMs) this.#arm(dueMs);
  }

  /** Takes a slot out; harmless where it has no due time. */
  clear(slot: number): void {
    const after = this.#next[slot];
    if (after < 0) return;
    const before = this.#previous[slot];
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#next[slot] = -1;
  }

  /** Forgets everything; nothing is due any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(dueMs: number): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.at(dueMs, () => {
      const nowMs = this.#clock.nowMs();
      // Meanwhile a slot may be set; it arms the timer only when this is done.
      this.#timerDueMs = -Infinity;
      const next = this.#next;
      let first = next[this.#ends];
      while (first !== this.#ends && this.#dueMs[first] <= nowMs && !this.#isClosed) {
        this.clear(first);
        this.#onDue(first);
        first = next[this.#ends];
      }
      this.#timerDueMs = Infinity;
      // Calls that ended in time leave the timer as it is: it fires once in a time-out.
      if (first !== this.#ends) this.#arm(this.#dueMs[first]);
    });
  }
}
