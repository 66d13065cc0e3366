import { Rng } from "../../base/rng.ts";
import { ownText } from "./own_text.ts";

/** How many requests a block of columns holds. */
const BLOCK_ROWS = 1 << 18;

interface Block {
  readonly places: Uint32Array;
  readonly arrivalMs: Float64Array;
  readonly durationMs: Float32Array;
  readonly memoryMib: Float32Array;
  readonly wholeSecond: Uint8Array;
}

/** The requests of one function, by arrival. */
export interface FunctionRequests {
  readonly name: string;
  /** Milliseconds since 1970 UTC, never descending. */
  readonly arrivalMs: Float64Array;
  /** Of each request; `null`: it is told of none. */
  readonly runtimeMs: Float32Array | null;
  /** The same. */
  readonly memoryMib: Float32Array | null;
  /** Requests without a runtime of their own, which have one that was drawn from the others'. */
  readonly drawnRuntimes: number;
  /** The same of memory. */
  readonly drawnMemory: number;
}

/** Requests of many functions in columns, in whatever order they come; 21 bytes each. */
export class RequestColumns {
  readonly #places = new Map<string, number>();
  readonly #counts: number[] = [];
  readonly #blocks: Block[] = [];
  #rows = 0;
  /** Requests whose stamp tells no fraction of the second. */
  wholeSeconds = 0;

  get rows(): number {
    return this.#rows;
  }

  get functions(): number {
    return this.#places.size;
  }

  /** Names of functions with their numbers of requests. */
  get counts(): readonly (readonly [name: string, count: number])[] {
    return Array.from(this.#places, ([name, place]) => [name, this.#counts[place]] as const);
  }

  /** @param durationMs NaN: not told; `memoryMib` too */
  add(
    name: string,
    arrivalMs: number,
    durationMs: number,
    memoryMib: number,
    isWholeSecond: boolean,
  ): void {
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.#places.size;
      this.#places.set(ownText(name), place);
      this.#counts.push(0);
    }
    this.#counts[place]++;
    const at = this.#rows % BLOCK_ROWS;
    if (at === 0) this.#blocks.push(createBlock());
    const block = this.#blocks[this.#blocks.length - 1];
    block.places[at] = place;
    block.arrivalMs[at] = arrivalMs;
    block.durationMs[at] = durationMs;
    block.memoryMib[at] = memoryMib;
    block.wholeSecond[at] = isWholeSecond ? 1 : 0;
    if (isWholeSecond) this.wholeSeconds++;
    this.#rows++;
  }

  /**
   * The requests of each function, functions by name: the same whatever the order in which they
   * were added.
   *
   * @param spreads arrivals of whole seconds are spread over their second, from a seed
   */
  *list(spreads: boolean): Generator<FunctionRequests> {
    const names = [...this.#places].sort(([a], [b]) => a < b ? -1 : 1);
    const rowsOf = this.#groupRows();
    for (const [name, place] of names) yield this.#gather(name, rowsOf[place], spreads);
  }

  /** The rows of each function, in the order in which they were added. */
  #groupRows(): Uint32Array[] {
    const rowsOf = this.#counts.map((count) => new Uint32Array(count));
    const filled = new Uint32Array(this.#counts.length);
    for (let row = 0; row < this.#rows; row++) {
      const place = this.#blocks[Math.floor(row / BLOCK_ROWS)].places[row % BLOCK_ROWS];
      rowsOf[place][filled[place]++] = row;
    }
    return rowsOf;
  }

  #gather(name: string, rows: Uint32Array, spreads: boolean): FunctionRequests {
    const arrivalMs = this.#column(rows, "arrivalMs", new Float64Array(rows.length));
    const durationMs = this.#column(rows, "durationMs", new Float32Array(rows.length));
    const memoryMib = this.#column(rows, "memoryMib", new Float32Array(rows.length));
    if (spreads) {
      // In an order that does not depend on that of the files.
      const order = sortRows(arrivalMs, [durationMs, memoryMib]);
      const rng = Rng.fromSeed(SEED, "import arrivals", name);
      for (const i of order) {
        const { wholeSecond } = this.#blocks[Math.floor(rows[i] / BLOCK_ROWS)];
        if (wholeSecond[rows[i] % BLOCK_ROWS] === 1) arrivalMs[i] += rng.nextFloat() * 1000;
      }
    }
    const order = sortRows(arrivalMs, [durationMs, memoryMib]);
    const runtimes = completed(order, durationMs, Rng.fromSeed(SEED, "import runtime", name));
    const memory = completed(order, memoryMib, Rng.fromSeed(SEED, "import memory", name));
    return {
      name,
      arrivalMs: Float64Array.from(order, (i) => arrivalMs[i]),
      runtimeMs: runtimes.values,
      memoryMib: memory.values,
      drawnRuntimes: runtimes.drawn,
      drawnMemory: memory.drawn,
    };
  }

  #column<A extends Float32Array | Float64Array>(
    rows: Uint32Array,
    column: "arrivalMs" | "durationMs" | "memoryMib",
    values: A,
  ): A {
    for (let i = 0; i < rows.length; i++) {
      values[i] = this.#blocks[Math.floor(rows[i] / BLOCK_ROWS)][column][rows[i] % BLOCK_ROWS];
    }
    return values;
  }
}

/** The same log gives the same trace. */
const SEED = 42;

function createBlock(): Block {
  return {
    places: new Uint32Array(BLOCK_ROWS),
    arrivalMs: new Float64Array(BLOCK_ROWS),
    durationMs: new Float32Array(BLOCK_ROWS),
    memoryMib: new Float32Array(BLOCK_ROWS),
    wholeSecond: new Uint8Array(BLOCK_ROWS),
  };
}

/** Indices by arrival, then by what else is known, so that ties have an order of their own. */
function sortRows(arrivalMs: Float64Array, others: readonly Float32Array[]): Uint32Array {
  const order = Uint32Array.from(arrivalMs, (_, i) => i);
  // Nearly every log is in order already, and a sort by callback takes long.
  let isSorted = true;
  for (let i = 1; i < order.length && isSorted; i++) isSorted = arrivalMs[i] > arrivalMs[i - 1];
  if (isSorted) return order;
  return order.sort((a, b) => {
    const difference = arrivalMs[a] - arrivalMs[b];
    if (difference !== 0) return difference;
    for (const values of others) {
      const left = values[a];
      const right = values[b];
      if (left === right || (Number.isNaN(left) && Number.isNaN(right))) continue;
      // What is not known stands behind all numbers.
      return left < right || Number.isNaN(right) ? -1 : 1;
    }
    return 0;
  });
}

/** Values in an order, with one of those that are known for each that is not; `null`: none is. */
function completed(
  order: Uint32Array,
  values: Float32Array,
  rng: Rng,
): { readonly values: Float32Array | null; readonly drawn: number } {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0) return { values: null, drawn: 0 };
  const ordered = Float32Array.from(order, (i) => values[i]);
  const drawn = ordered.length - known.length;
  for (let i = 0; i < ordered.length && drawn > 0; i++) {
    if (Number.isNaN(ordered[i])) ordered[i] = known[Math.floor(rng.nextFloat() * known.length)];
  }
  return { values: ordered, drawn };
}
