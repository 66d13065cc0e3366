import { LoaderError } from "../../base/error.ts";
import { checkField } from "../field_check.ts";
import { KeepAliveDefaults } from "./keep_alive_policy.ts";

/** What {@linkcode GreedyDual} knows of the functions, by index. */
export interface GreedyDualOptions {
  /** Memory of an instance: its size. */
  readonly memoryMib: ArrayLike<number>;
  /** Time that a start adds to an invocation: the cost of doing without an instance. */
  readonly coldStartMs: ArrayLike<number>;
}

/**
 * Keeps instances until their memory is needed, and then lets those go first
 * that are the least worth keeping: Fuerst and Sharma, "FaasCache: Keeping
 * Serverless Computing Alive with Greedy-Dual Caching", ASPLOS 2021:
 *
 *     priority = clock + frequency · cost / size
 *
 * The frequency counts the function's invocations since it last had no
 * instance. The clock is the highest priority evicted so far, so that what has
 * not been used for long falls behind however often it was. Where memory is not
 * short it keeps everything.
 *
 * Where it differs from the authors' simulator (aFuerst/faascache-sim,
 * `code/split/LambdaScheduler.py`): there an invocation raises the priority of
 * all instances of its function, here of the one that it used, when that
 * becomes idle: of two instances of a function the older goes first.
 *
 * @example
 * ```ts
 * import { GreedyDual } from "./greedy_dual.ts";
 * const policy = new GreedyDual({ memoryMib: [128, 512], coldStartMs: [1000, 1000] });
 * policy.onArrival(0, 0, true);
 * policy.onArrival(1, 0, true);
 * const [small, large] = [policy.evictionPriority(0, 9), policy.evictionPriority(1, 9)];
 * if (!(large < small)) throw new Error("the large one does not go first");
 * ```
 */
export class GreedyDual extends KeepAliveDefaults {
  readonly name = "greedy-dual";
  readonly #worth: Float64Array;
  readonly #frequency: Float64Array;
  #clock = 0;

  /** @throws {LoaderError} `usage` when the lengths differ, or a figure is out of its range */
  constructor({ memoryMib, coldStartMs }: GreedyDualOptions) {
    super();
    if (memoryMib.length !== coldStartMs.length) {
      throw new LoaderError(
        "usage",
        `Greedy-dual was given the memory of ${memoryMib.length} functions and the cold start of ${coldStartMs.length}; give both of each function.`,
        { value: memoryMib.length },
      );
    }
    this.#worth = Float64Array.from(memoryMib, (sizeMib, i) => {
      checkField("memoryMib", sizeMib, { above: 0 });
      checkField("coldStartMs", coldStartMs[i], { least: 0 });
      return coldStartMs[i] / sizeMib;
    });
    this.#frequency = new Float64Array(this.#worth.length);
  }

  /** What an instance must be worth more than to outlive the last eviction; never falls. */
  get clock(): number {
    return this.#clock;
  }

  override onArrival(functionIndex: number, _nowMs: number, _isCold: boolean): void {
    this.#frequency[functionIndex]++;
  }

  keepUntilMs(_functionIndex: number, _nowMs: number): number {
    return Infinity;
  }

  override evictionPriority(functionIndex: number, _nowMs: number): number {
    return this.#clock + this.#frequency[functionIndex] * this.#worth[functionIndex];
  }

  override onEviction(_functionIndex: number, priority: number): void {
    // Where several go at once the paper takes the highest.
    this.#clock = Math.max(this.#clock, priority);
  }

  override onLastGone(functionIndex: number, _nowMs: number): void {
    this.#frequency[functionIndex] = 0;
  }
}
