/**
 * What a virtual clock and its sources know together. Numbers that change all the
 * time lie in arrays: as a field of an object, each would be put on the heap
 * anew whenever it changes.
 */
export class ClockState {
  readonly #numbers = new Float64Array(2);
  // By source: when it next has something to happen (`Infinity`: not), and its order among
  // what happens at that time.
  sourceMs = new Float64Array(8).fill(Infinity);
  sourceOrder = new Float64Array(8);
  #sources = 0;

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

  get sources(): number {
    return this.#sources;
  }

  /** Adds a source; returns its number. */
  addSource(): number {
    if (this.#sources === this.sourceMs.length) {
      const sourceMs = new Float64Array(2 * this.#sources).fill(Infinity);
      const sourceOrder = new Float64Array(2 * this.#sources);
      sourceMs.set(this.sourceMs);
      sourceOrder.set(this.sourceOrder);
      this.sourceMs = sourceMs;
      this.sourceOrder = sourceOrder;
    }
    return this.#sources++;
  }
}
