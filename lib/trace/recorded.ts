import { quantile } from "../stats/quantile.ts";
import { SlotCountsBuilder } from "../model/slot_counts.ts";
import { functionKey, type FunctionProfile, type Percentiles } from "../model/trace.ts";

/** What identifies a function. */
export type FunctionIdentity = Pick<FunctionProfile, "id" | "appId" | "ownerId" | "trigger">;

/** Quantiles that are kept of what was recorded: those of the Azure Functions 2019 dataset. */
const QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1] as const;

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
   */
  add(
    functionNumber: number,
    arrivalMs: number,
    runtimeMs: number | null,
    memoryMib: number | null,
  ): void {
    if (arrivalMs > this.#lastMs) this.#lastMs = arrivalMs;
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

/** The rows of a function, in columns that grow. */
class Rows {
  readonly identity: FunctionIdentity;
  unordered = 0;
  #length = 0;
  #arrivalMs = new Float64Array(16);
  #runtimeMs = new Float32Array(16);
  #memoryMib = new Float32Array(16);

  constructor(identity: FunctionIdentity) {
    const { id, appId, ownerId, trigger } = identity;
    this.identity = { id, appId, ownerId, trigger };
  }

  add(arrivalMs: number, runtimeMs: number, memoryMib: number): void {
    const at = this.#length;
    if (at === this.#arrivalMs.length) this.#grow();
    if (at > 0 && arrivalMs < this.#arrivalMs[at - 1]) this.unordered++;
    this.#arrivalMs[at] = arrivalMs;
    this.#runtimeMs[at] = runtimeMs;
    this.#memoryMib[at] = memoryMib;
    this.#length++;
  }

  inOrder(): {
    readonly arrivalMs: Float64Array;
    readonly runtimeMs: Float32Array;
    readonly memoryMib: Float32Array;
  } {
    const arrivalMs = this.#arrivalMs.slice(0, this.#length);
    const runtimeMs = this.#runtimeMs.slice(0, this.#length);
    const memoryMib = this.#memoryMib.slice(0, this.#length);
    if (this.unordered === 0) return { arrivalMs, runtimeMs, memoryMib };
    const order = Uint32Array.from(arrivalMs.keys())
      .sort((a, b) => arrivalMs[a] - arrivalMs[b] || a - b);
    return {
      arrivalMs: Float64Array.from(order, (i) => arrivalMs[i]),
      runtimeMs: Float32Array.from(order, (i) => runtimeMs[i]),
      memoryMib: Float32Array.from(order, (i) => memoryMib[i]),
    };
  }

  #grow(): void {
    const grow = <T extends Float64Array | Float32Array>(column: T, larger: T): T => {
      larger.set(column);
      return larger;
    };
    const length = this.#arrivalMs.length * 2;
    this.#arrivalMs = grow(this.#arrivalMs, new Float64Array(length));
    this.#runtimeMs = grow(this.#runtimeMs, new Float32Array(length));
    this.#memoryMib = grow(this.#memoryMib, new Float32Array(length));
  }
}

function isAllKnown(column: Float32Array): boolean {
  return column.every((value) => !Number.isNaN(value));
}

/** Percentiles of what is known, between neighbours interpolated; `null`: nothing is. */
function derivePercentiles(column: Float32Array): Percentiles | null {
  const known = column.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0) return null;
  const values = QUANTILES.map((q) => quantile(known, q)!);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { quantiles: QUANTILES, values, mean };
}
