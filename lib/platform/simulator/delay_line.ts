import type { VirtualClock } from "../../base/virtual_clock.ts";

/**
 * Calls that all travel for the same time, so that they arrive in the order in
 * which they set out: a ring instead of a heap, with one event for all of them.
 */
export class DelayLine {
  readonly #clock: VirtualClock;
  readonly #delayMs: number;
  readonly #onArrival: (slot: number, call: number) => void;
  readonly #event: number;
  #dueMs = new Float64Array(64);
  #slot = new Int32Array(64);
  #call = new Int32Array(64);
  #first = 0;
  #size = 0;

  /** @param onArrival told the slot and the call that set out with it */
  constructor(
    clock: VirtualClock,
    priority: number,
    delayMs: number,
    onArrival: (slot: number, call: number) => void,
  ) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onArrival = onArrival;
    this.#event = clock.createEvent(priority, clock.register(() => this.#arrive()), 0, true);
  }

  /** A call sets out. */
  send(slot: number, call: number): void {
    if (this.#size === this.#slot.length) this.#grow();
    const dueMs = this.#clock.nowMs() + this.#delayMs;
    const at = (this.#first + this.#size++) & (this.#slot.length - 1);
    this.#dueMs[at] = dueMs;
    this.#slot[at] = slot;
    this.#call[at] = call;
    if (this.#size === 1) this.#clock.set(this.#event, dueMs);
  }

  #arrive(): void {
    const nowMs = this.#clock.nowMs();
    while (this.#size > 0 && this.#dueMs[this.#first] <= nowMs) {
      const at = this.#first;
      this.#first = (at + 1) & (this.#slot.length - 1);
      this.#size--;
      this.#onArrival(this.#slot[at], this.#call[at]);
    }
    if (this.#size > 0) this.#clock.set(this.#event, this.#dueMs[this.#first]);
  }

  #grow(): void {
    const { length } = this.#slot;
    const dueMs = new Float64Array(2 * length);
    const slot = new Int32Array(2 * length);
    const call = new Int32Array(2 * length);
    for (let i = 0; i < length; i++) {
      const at = (this.#first + i) & (length - 1);
      dueMs[i] = this.#dueMs[at];
      slot[i] = this.#slot[at];
      call[i] = this.#call[at];
    }
    this.#dueMs = dueMs;
    this.#slot = slot;
    this.#call = call;
    this.#first = 0;
  }
}
