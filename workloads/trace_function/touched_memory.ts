const MIB = 1024 * 1024;

/** The smallest page of the processors that we run on. */
const PAGE_BYTES = 4096;

/**
 * Above the largest threshold from which the C library maps memory of its own
 * for an allocation (32 MiB in glibc), so that it goes back when it is freed.
 */
const BLOCK_BYTES = 64 * MIB;

/** Touched in one turn: some 0.2 – 0.7 ms of page faults. */
const BYTES_PER_TURN = MIB;

/**
 * Blocks of calls that have ended. They stay with the instance, as the heap of a
 * language runtime does: mapping and unmapping tens of MiB in every warm call
 * took longer than the calls of a typical trace (20 ms for 75 MiB).
 */
export class BlockPool {
  readonly #free: ArrayBuffer[] = [];

  /** A block of at least `bytes`; a smaller one that is free makes room for it. */
  take(bytes: number): ArrayBuffer {
    const fitting = this.#free.findIndex((block) => block.byteLength >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0];
    this.#free.pop()?.transfer(0);
    return new ArrayBuffer(bytes);
  }

  giveBack(block: ArrayBuffer): void {
    this.#free.push(block);
  }
}

/**
 * Memory outside the JavaScript heap, allocated and touched bit by bit, one
 * write a page: memory that is only allocated takes no room in the machine.
 */
export class TouchedMemory {
  readonly #pool: BlockPool;
  readonly #blocks: ArrayBuffer[] = [];
  #unallocatedBytes: number;
  #block = new Uint8Array(0);
  #touchedInBlock = 0;
  #touchedBytes = 0;

  constructor(bytes: number, pool: BlockPool) {
    this.#pool = pool;
    this.#unallocatedBytes = bytes;
  }

  /** Touched so far. */
  get touchedKib(): number {
    return this.#touchedBytes / 1024;
  }

  /**
   * Touches about a mebibyte more.
   *
   * @returns whether all of it is touched now
   * @throws RangeError when the system gives no more
   */
  touchMore(): boolean {
    if (this.#touchedInBlock === this.#block.length) {
      if (this.#unallocatedBytes === 0) return true;
      const bytes = Math.min(BLOCK_BYTES, this.#unallocatedBytes);
      const block = this.#pool.take(bytes);
      this.#blocks.push(block);
      this.#unallocatedBytes -= bytes;
      this.#block = new Uint8Array(block, 0, bytes);
      this.#touchedInBlock = 0;
    }
    const end = Math.min(this.#block.length, this.#touchedInBlock + BYTES_PER_TURN);
    for (let byte = this.#touchedInBlock; byte < end; byte += PAGE_BYTES) this.#block[byte] = 1;
    this.#touchedBytes += end - this.#touchedInBlock;
    this.#touchedInBlock = end;
    return end === this.#block.length && this.#unallocatedBytes === 0;
  }

  /** Gives the memory back to the pool. */
  free(): void {
    for (const block of this.#blocks) this.#pool.giveBack(block);
    this.#blocks.length = 0;
    this.#block = new Uint8Array(0);
    this.#touchedInBlock = 0;
    this.#unallocatedBytes = 0;
  }
}
