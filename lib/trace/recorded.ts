import { LoaderError } from "../base/error.ts";
import { quantile } from "../stats/quantile.ts";
import { SlotCountsBuilder } from "../model/slot_counts.ts";
import { functionKey, type FunctionProfile, type Percentiles } from "../model/trace.ts";
import { RUNTIME_QUANTILES } from "./published_figures.ts";

/** What identifies a function. */
export type FunctionIdentity = Pick<FunctionProfile, "id" | "appId" | "ownerId" | "trigger">;

/** Ten years; what arrives later has another unit. */
export const LONGEST_TRACE_MS = 10 * 366 * 86_400_000;

/** Largest runtime (ms) and memory (MiB), well within 32 bits; what is above has another unit. */
export const LARGEST_FIGURE = 1e15;

/** What stands for a runtime or a memory that is not known. */
export interface UnknownFigures {
  runtimeMs(identity: FunctionIdentity): Percentiles;
  memoryMib(identity: FunctionIdentity): Percentiles;
}

/** Functions made of rows. */
export interface RecordedFunctions {
  readonly functions: FunctionProfile[];
  /** Rows that came before an earlier one of their function; they are put in order. */
  readonly unordered: number;
  /** Rows at the same instant as another one of their function. */
  readonly ties: number;
}

/**
 * Collects invocations one by one, in any order, and makes functions of them:
 * with each invocation at its instant, their number in each slot, and percentiles
 * of what they took. Functions come in the order in which they are seen first.
 *
 * @example
 * ```ts
 * import { RecordedBuilder } from "./recorded.ts";
 * const builder = new RecordedBuilder();
 * const f = builder.functionOf({ id: "f", appId: "a", ownerId: "o", trigger: null });
 * builder.add(f, 61_000, 10, null);
 * builder.add(f, 500, 30, null);
 * const constant = { quantiles: [0, 1], values: [128, 128], mean: 128 };
 * const unknown = { runtimeMs: () => constant, memoryMib: () => constant };
 * const [profile] = builder.finish(60_000, 2, unknown).functions;
 * if (profile.invocationsPerSlot.total !== 2) throw new Error("one in each minute");
 * if (profile.runtimeMs.mean !== 20) throw new Error("10 and 30 ms");
 * ```
 */
export class RecordedBuilder {
  readonly #numbers = new Map<string, number>();
  readonly #functions: Rows[] = [];
  #lastMs = -Infinity;

  /** The number of a function, a new one where it was not seen. */
  functionOf(identity: FunctionIdentity): number {
    const key = functionKey(identity);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#functions.push(new Rows(identity));
    this.#numbers.set(key, this.#functions.length - 1);
    return this.#functions.length - 1;
  }

  /**
   * Adds an invocation.
   *
   * @param arrivalMs from the start of the trace, at least 0
   * @param runtimeMs `null`: not known
   * @param memoryMib `null`: not known
   * @throws LoaderError `input` when a figure is beyond what any trace has
   */
  add(
    functionNumber: number,
    arrivalMs: number,
    runtimeMs: number | null,
    memoryMib: number | null,
  ): void {
    if (arrivalMs > this.#lastMs) {
      if (!(arrivalMs <= LONGEST_TRACE_MS)) {
        throw tooLarge("arrives", arrivalMs, "ms after the start");
      }
      this.#lastMs = arrivalMs;
    }
    if (runtimeMs !== null && runtimeMs > LARGEST_FIGURE) {
      throw tooLarge("runs for", runtimeMs, "ms");
    }
    if (memoryMib !== null && memoryMib > LARGEST_FIGURE) throw tooLarge("takes", memoryMib, "MiB");
    this.#functions[functionNumber].add(arrivalMs, runtimeMs ?? NaN, memoryMib ?? NaN);
  }

  /** The latest arrival that was added; `-Infinity`: none. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /**
   * The functions, for a trace of so many slots, all of which arrivals must lie in. A
   * function of which not every runtime (or memory) is known has none of them in
   * `recorded`, and percentiles of those that are; where none is, those of `unknown`.
   */
  finish(slotMs: number, slots: number, unknown: UnknownFigures): RecordedFunctions {
    const builder = new SlotCountsBuilder();
    let unordered = 0;
    let ties = 0;
    const functions = this.#functions.map((rows) => {
      unordered += rows.unordered;
      const { arrivalMs, runtimeMs, memoryMib } = rows.inOrder();
      for (let i = 0; i < arrivalMs.length; i++) {
        if (i > 0 && arrivalMs[i] === arrivalMs[i - 1]) ties++;
        builder.add(Math.floor(arrivalMs[i] / slotMs), 1);
      }
      const { identity } = rows;
      return {
        ...identity,
        invocationsPerSlot: builder.finish(slots),
        recorded: {
          arrivalMs,
          runtimeMs: isAllKnown(runtimeMs) ? runtimeMs : null,
          memoryMib: isAllKnown(memoryMib) ? memoryMib : null,
        },
        runtimeMs: derivePercentiles(runtimeMs) ?? unknown.runtimeMs(identity),
        memoryMib: derivePercentiles(memoryMib) ?? unknown.memoryMib(identity),
      };
    });
    return { functions, unordered, ties };
  }
}

function tooLarge(what: string, value: number, unit: string): LoaderError {
  return new LoaderError(
    "input",
    `An invocation ${what} ${value} ${unit}, which no trace has; correct it, or its unit.`,
    { value },
  );
}

/** Columns of rows of a function. */
class Block {
  readonly arrivalMs: Float64Array;
  readonly runtimeMs: Float32Array;
  readonly memoryMib: Float32Array;
  length = 0;

  constructor(size: number) {
    this.arrivalMs = new Float64Array(size);
    this.runtimeMs = new Float32Array(size);
    this.memoryMib = new Float32Array(size);
  }

  append(block: Block): void {
    const { arrivalMs, runtimeMs, memoryMib, length } = block;
    this.arrivalMs.set(arrivalMs.subarray(0, length), this.length);
    this.runtimeMs.set(runtimeMs.subarray(0, length), this.length);
    this.memoryMib.set(memoryMib.subarray(0, length), this.length);
    this.length += length;
  }
}

const LEAST_ROWS = 16;
const MOST_ROWS = 1 << 16;

/** The rows of a function, in blocks: what is full is not copied to make room for more. */
class Rows {
  readonly identity: FunctionIdentity;
  unordered = 0;
  readonly #full: Block[] = [];
  #open = new Block(LEAST_ROWS);
  #length = 0;
  #lastMs = -Infinity;

  constructor(identity: FunctionIdentity) {
    const { id, appId, ownerId, trigger } = identity;
    this.identity = { id, appId, ownerId, trigger };
  }

  add(arrivalMs: number, runtimeMs: number, memoryMib: number): void {
    let block = this.#open;
    if (block.length === block.arrivalMs.length) {
      this.#full.push(block);
      block = new Block(Math.min(block.length * 2, MOST_ROWS));
      this.#open = block;
    }
    if (arrivalMs < this.#lastMs) this.unordered++;
    this.#lastMs = arrivalMs;
    block.arrivalMs[block.length] = arrivalMs;
    block.runtimeMs[block.length] = runtimeMs;
    block.memoryMib[block.length] = memoryMib;
    block.length++;
    this.#length++;
  }

  /** All rows by arrival, those at one instant as they came. */
  inOrder(): Block {
    const all = new Block(this.#length);
    for (const block of [...this.#full, this.#open]) all.append(block);
    if (this.unordered === 0) return all;
    const { arrivalMs } = all;
    const order = Uint32Array.from(arrivalMs.keys())
      .sort((a, b) => arrivalMs[a] - arrivalMs[b] || a - b);
    const sorted = new Block(this.#length);
    for (let i = 0; i < order.length; i++) {
      sorted.arrivalMs[i] = all.arrivalMs[order[i]];
      sorted.runtimeMs[i] = all.runtimeMs[order[i]];
      sorted.memoryMib[i] = all.memoryMib[order[i]];
    }
    return sorted;
  }
}

function isAllKnown(column: Float32Array): boolean {
  return column.every((value) => !Number.isNaN(value));
}

/** Percentiles of what is known, between neighbours interpolated; `null`: nothing is. */
function derivePercentiles(column: Float32Array): Percentiles | null {
  const isWhole = isAllKnown(column);
  const known = (isWhole ? column.slice() : column.filter((value) => !Number.isNaN(value))).sort();
  if (known.length === 0) return null;
  const values = RUNTIME_QUANTILES.map((q) => quantile(known, q)!);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { quantiles: RUNTIME_QUANTILES, values, mean };
}
