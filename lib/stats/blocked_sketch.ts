import type { BlockedValues } from "./block_bootstrap.ts";
import { binOf, middleOf } from "./quantile_sketch.ts";

const INFINITE_BIN = Infinity;
const FIRST_ROOM = 64;

/**
 * Values of which each is of a block, as they come, in bounded memory: kept as they are up to
 * `mostExact`, and counted by the bins of a `QuantileSketch` (at most 0.2 % off) and by block
 * beyond.
 *
 * @example
 * ```ts
 * import { BlockedSketch } from "./blocked_sketch.ts";
 * const sketch = new BlockedSketch(2, 10);
 * sketch.add(5, 0);
 * sketch.add(7, 1);
 * const { values, block } = sketch.build();
 * if (values.join() !== "5,7" || block.join() !== "0,1") throw new Error("as they came");
 * ```
 */
export class BlockedSketch {
  readonly #blocks: number;
  readonly #mostExact: number;
  #count = 0;
  #values: Float64Array | null = new Float64Array(FIRST_ROOM);
  #block = new Uint16Array(FIRST_ROOM);
  /** By bin, then block. */
  readonly #bins = new Map<number, Float64Array>();

  constructor(blocks: number, mostExact: number) {
    this.#blocks = blocks;
    this.#mostExact = mostExact;
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** @param value may be infinite, and is not NaN */
  add(value: number, block: number): void {
    if (this.#values === null) this.#addToBin(value, block);
    else if (this.#count === this.#mostExact) {
      const values = this.#values;
      this.#values = null;
      for (let i = 0; i < this.#count; i++) this.#addToBin(values[i], this.#block[i]);
      this.#addToBin(value, block);
    } else {
      if (this.#count === this.#values.length) this.#grow();
      this.#values[this.#count] = value;
      this.#block[this.#count] = block;
    }
    this.#count++;
  }

  /** The values, and how many each stands for. */
  build(): BlockedValues {
    const blocks = this.#blocks;
    if (this.#values !== null) {
      const block = Uint32Array.from(this.#block.subarray(0, this.#count));
      return { values: this.#values.slice(0, this.#count), block, blocks };
    }
    const entries = [...this.#bins].flatMap(([bin, counts]) =>
      [...counts].flatMap((count, block) => count === 0 ? [] : [{ bin, block, count }])
    );
    return {
      values: Float64Array.from(
        entries,
        ({ bin }) => bin === INFINITE_BIN ? Infinity : middleOf(bin),
      ),
      block: Uint32Array.from(entries, ({ block }) => block),
      counts: Float64Array.from(entries, ({ count }) => count),
      blocks,
    };
  }

  #grow(): void {
    const values = new Float64Array(Math.min(this.#mostExact, 2 * this.#count));
    values.set(this.#values!);
    this.#values = values;
    const block = new Uint16Array(values.length);
    block.set(this.#block);
    this.#block = block;
  }

  #addToBin(value: number, block: number): void {
    const bin = value === Infinity ? INFINITE_BIN : binOf(value);
    let counts = this.#bins.get(bin);
    if (counts === undefined) {
      counts = new Float64Array(this.#blocks);
      this.#bins.set(bin, counts);
    }
    counts[block]++;
  }
}
