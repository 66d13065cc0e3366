import type { Schedule, ScheduleChunk, ScheduleStep } from "../model/schedule.ts";

/** Goes through the invocations of a schedule, one chunk at a time. */
export class ScheduleCursor {
  readonly #steps: Iterator<ScheduleStep>;
  #chunk: ScheduleChunk | undefined;
  /** Made ahead, in order: what is left of this chunk's memory, and the first of the next. */
  readonly #ahead: ScheduleChunk[] = [];
  #position = 0;
  #passed = 0;
  /** All of the schedule has been made. */
  #isMade = false;

  /** @param reuse whether a chunk may take the place of the one before; then none is made ahead */
  constructor(schedule: Schedule, reuse: boolean) {
    this.#steps = reuse ? schedule.chunks({ reuse }) : schedule.steps?.() ?? schedule.chunks();
  }

  /** The chunk that the next invocation is in, once it is settled; `undefined` when all have passed. */
  get chunk(): ScheduleChunk | undefined {
    return this.#chunk;
  }

  /** Where in its chunk the next invocation is. */
  get position(): number {
    return this.#position;
  }

  /** Where in the whole schedule the next invocation is. */
  get index(): number {
    const index = this.#chunk!.index;
    return index === undefined ? this.#passed : index[this.#position];
  }

  /** How many have passed. */
  get passed(): number {
    return this.#passed;
  }

  /** Goes past the next invocation; the chunk that it is in stays as it is. */
  pass(): void {
    this.#passed++;
    this.#position++;
  }

  /** Makes the chunk that the next invocation is in, at the beginning and after some have passed. */
  settle(): void {
    while (this.#chunk === undefined || this.#position >= this.#chunk.scheduledMs.length) {
      while (this.#ahead.length === 0 && !this.#isMade) this.#step();
      this.#chunk = this.#ahead.shift();
      this.#position = 0;
      if (this.#chunk === undefined) return;
    }
  }

  /**
   * True if the chunk after this one is there. Parts of one that share its memory are made
   * already; what takes time is the first that does not.
   */
  get isNextMade(): boolean {
    const made = this.#chunk?.scheduledMs.buffer;
    return this.#isMade || (this.#ahead.at(-1) ?? this.#chunk)?.scheduledMs.buffer !== made;
  }

  /** Takes a step towards the chunk after this one, which is not there yet: less than 0.1 ms. */
  prepare(): void {
    this.#step();
  }

  #step(): void {
    const { done, value } = this.#steps.next();
    if (done) this.#isMade = true;
    else if (value !== null) this.#ahead.push(value);
  }
}
