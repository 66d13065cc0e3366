/**
 * What a virtual clock and its lanes know together. Numbers that change all the
 * time lie in arrays: as a field of an object, each would be put on the heap
 * anew whenever it changes.
 */
export class ClockState {
  readonly #numbers = new Float64Array(2);
  // By lane: when it next has something to happen (`Infinity`: not), and its order among
  // what happens at that time.
  laneMs = new Float64Array(8).fill(Infinity);
  laneOrder = new Float64Array(8);
  #lanes = 0;

  get nowMs(): number {
    return this.#numbers[0];
  }

  set nowMs(timeMs: number) {
    this.#numbers[0] = timeMs;
  }

  /** Counts what was set. */
  nextSequence(): number {
    return this.#numbers[1]++;
  }

  get lanes(): number {
    return this.#lanes;
  }

  /** Adds a lane; returns its number. */
  addLane(): number {
    if (this.#lanes === this.laneMs.length) {
      const laneMs = new Float64Array(2 * this.#lanes).fill(Infinity);
      const laneOrder = new Float64Array(2 * this.#lanes);
      laneMs.set(this.laneMs);
      laneOrder.set(this.laneOrder);
      this.laneMs = laneMs;
      this.laneOrder = laneOrder;
    }
    return this.#lanes++;
  }
}
