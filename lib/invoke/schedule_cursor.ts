import type { Schedule, ScheduleChunk } from "../model/schedule.ts";

/** Goes through the invocations of a schedule, one chunk at a time. */
export class ScheduleCursor {
  readonly #chunks: Iterator<ScheduleChunk>;
  #chunk: ScheduleChunk | undefined;
  /** Made ahead, in order: what is left of this chunk's memory, and the first of the next. */
  readonly #ahead: ScheduleChunk[] = [];
  #position = 0;
  #passed = 0;

  /** @param reuse whether a chunk may take the place of the one before; then none is made ahead */
  constructor(schedule: Schedule, reuse: boolean) {
    this.#chunks = schedule.chunks({ reuse });
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
      this.#chunk = this.#ahead.shift() ?? this.#pull();
      this.#position = 0;
      if (this.#chunk === undefined) return;
    }
  }

  /**
   * Makes the chunk after this one, where that has not been done. Parts of one that share its
   * memory are made already; what takes time is the first that does not.
   */
  prefetch(): void {
    const made = this.#chunk?.scheduledMs.buffer;
    while ((this.#ahead.at(-1) ?? this.#chunk)?.scheduledMs.buffer === made) {
      const next = this.#pull();
      if (next === undefined) return;
      this.#ahead.push(next);
    }
  }

  #pull(): ScheduleChunk | undefined {
    const next = this.#chunks.next();
    return next.done ? undefined : next.value;
  }
}
