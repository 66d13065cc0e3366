import type { ClockState } from "./clock_state.ts";

/**
 * Pairs of numbers that all travel for the same time, so that they arrive in the
 * order in which they set out: a ring instead of a heap. Made by
 * `VirtualClock.createDelayLine`.
 */
export class DelayLine {
  readonly #state: ClockState;
  readonly #source: number;
  readonly #order: number;
  readonly #delayMs: number;
  readonly #onArrival: (first: number, second: number) => void;
  #dueMs = new Float64Array(64);
  /** The place of each among what was set on the clock. */
  #sequence = new Float64Array(64);
  #first = new Int32Array(64);
  #second = new Int32Array(64);
  #head = 0;
  #size = 0;

  /**
   * @param order of arrivals among what happens at one time, before their sequence
   * @param onArrival told the pair, whose numbers are 32-bit integers
   */
  constructor(
    state: ClockState,
    order: number,
    delayMs: number,
    onArrival: (first: number, second: number) => void,
  ) {
    this.#state = state;
    this.#source = state.addSource();
    this.#order = order;
    this.#delayMs = delayMs;
    this.#onArrival = onArrival;
  }

  /** A pair sets out now. */
  send(first: number, second: number): void {
    if (this.#size === this.#first.length) this.#grow();
    const at = (this.#head + this.#size++) & (this.#first.length - 1);
    this.#dueMs[at] = this.#state.nowMs + this.#delayMs;
    this.#sequence[at] = this.#state.nextSequence();
    this.#first[at] = first;
    this.#second[at] = second;
    if (this.#size === 1) this.#arm();
  }

  /** The first pair arrives; for the clock to call. */
  happen(): void {
    const at = this.#head;
    this.#head = (at + 1) & (this.#first.length - 1);
    this.#size--;
    this.#arm();
    this.#onArrival(this.#first[at], this.#second[at]);
  }

  #arm(): void {
    const head = this.#head;
    const { sourceMs, sourceOrder } = this.#state;
    sourceMs[this.#source] = this.#size === 0 ? Infinity : this.#dueMs[head];
    sourceOrder[this.#source] = this.#order + this.#sequence[head];
  }

  #grow(): void {
    const { length } = this.#first;
    const dueMs = new Float64Array(2 * length);
    const sequence = new Float64Array(2 * length);
    const first = new Int32Array(2 * length);
    const second = new Int32Array(2 * length);
    for (let i = 0; i < length; i++) {
      const at = (this.#head + i) & (length - 1);
      dueMs[i] = this.#dueMs[at];
      sequence[i] = this.#sequence[at];
      first[i] = this.#first[at];
      second[i] = this.#second[at];
    }
    this.#dueMs = dueMs;
    this.#sequence = sequence;
    this.#first = first;
    this.#second = second;
    this.#head = 0;
  }
}
