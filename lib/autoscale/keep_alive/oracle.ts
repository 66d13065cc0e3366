import { LoaderError } from "../../base/error.ts";
import { checkField } from "../field_check.ts";
import { type InstancePlan, planInstances } from "./instance_plan.ts";
import { KeepAliveDefaults } from "./keep_alive_policy.ts";

/**
 * By how much an instance is ready before its arrival and stays after it, so
 * that the platform's rounding does not part them: half a step of the grid of
 * microseconds that schedules have.
 */
const SLACK_MS = 0.0005;

/** What {@linkcode Oracle} knows, by function index. */
export interface OracleOptions {
  /** Arrivals of each function, ascending, as the platform sees them: network delay included. */
  readonly arrivalsMs: readonly ArrayLike<number>[];
  /** The service time of each arrival, above 0. */
  readonly serviceMs: readonly ArrayLike<number>[];
  readonly coldStartMs: ArrayLike<number>;
}

/**
 * Knows the future and wastes the least that can be wasted without a cold
 * start: starts an instance one cold start ahead of each arrival that none will
 * be idle for, and keeps an idle one only for an arrival that comes sooner than
 * another could be started. That no policy without cold starts has its
 * instances starting or idle for less time is proved at `planInstances`; as the
 * memory of a function's instances is one figure, the same holds for
 * memory-time.
 *
 * So it is a point of the figure of cold starts against wasted memory-time: no
 * policy has fewer cold starts, and none without cold starts wastes less. It
 * holds, to a microsecond for each arrival, where service times and cold starts
 * are those that it was told and memory is not short; elsewhere it plans by them
 * all the same, and may be cold or wait. What happens before time 0 is not
 * counted: an instance that the run begins with costs what is left of its start,
 * or its waiting, which is the same.
 *
 * Its memory grows with the number of arrivals: 8 bytes for each, and 8 more
 * where an instance is started for it.
 *
 * @example
 * ```ts
 * import { Oracle } from "./oracle.ts";
 * const policy = new Oracle({ arrivalsMs: [[5000]], serviceMs: [[100]], coldStartMs: [800] });
 * if (policy.plannedStartsMs(0).join() !== "4199.9995") throw new Error("not 0.8 s ahead");
 * if (policy.keepUntilMs(0, 5000) !== 5000.0005) throw new Error("not ready for it");
 * policy.onCompletion(0, 5100, 100);
 * if (policy.keepUntilMs(0, 5100) !== 5100) throw new Error("kept for nothing");
 * ```
 */
export class Oracle extends KeepAliveDefaults {
  readonly name = "oracle";
  readonly #plans: readonly InstancePlan[];
  readonly #startsMs: readonly Float64Array[];
  /** The last arrival of each function that an instance is there for from the beginning. */
  readonly #begunForMs: Float64Array;
  /** Completions of each function so far. */
  readonly #completed: Uint32Array;
  /** Instances started ahead that have become ready. */
  readonly #readied: Uint32Array;
  /** True if the next instance to become idle does so by a completion. */
  readonly #hasCompleted: Uint8Array;

  /** @throws {LoaderError} `usage` when lengths differ, or times are not as described */
  constructor({ arrivalsMs, serviceMs, coldStartMs }: OracleOptions) {
    super();
    const functions = arrivalsMs.length;
    if (serviceMs.length !== functions || coldStartMs.length !== functions) {
      throw new LoaderError(
        "usage",
        `The oracle was given the arrivals of ${functions} functions, the service times of ${serviceMs.length} and the cold starts of ${coldStartMs.length}; give all three of each function.`,
        { value: functions },
      );
    }
    this.#plans = arrivalsMs.map((arrivals, i) => {
      checkField("coldStartMs", coldStartMs[i], { least: 0 });
      return planInstances({
        arrivalsMs: arrivals,
        serviceMs: serviceMs[i],
        coldStartMs: coldStartMs[i],
      });
    });
    this.#startsMs = this.#plans.map(({ startedForMs }, i) =>
      startedForMs.map((arrivalMs) => arrivalMs - coldStartMs[i] - SLACK_MS)
    );
    this.#begunForMs = Float64Array.from(this.#plans, ({ startedForMs }, i) => {
      const last = this.#startsMs[i].findLastIndex((startMs) => startMs < 0);
      return last < 0 ? -Infinity : startedForMs[last];
    });
    this.#completed = new Uint32Array(functions);
    this.#readied = new Uint32Array(functions);
    this.#hasCompleted = new Uint8Array(functions);
  }

  /** Time that a function's instances will spend starting or idle: the lower bound. */
  wastedMs(functionIndex: number): number {
    return this.#plans[functionIndex].wastedMs;
  }

  override plannedStartsMs(functionIndex: number): Float64Array {
    return this.#startsMs[functionIndex];
  }

  override onCompletion(functionIndex: number, _nowMs: number, _serviceMs: number): void {
    this.#completed[functionIndex]++;
    this.#hasCompleted[functionIndex] = 1;
  }

  keepUntilMs(functionIndex: number, nowMs: number): number {
    const { keepUntilMs, startedForMs } = this.#plans[functionIndex];
    const plannedMs = this.#hasCompleted[functionIndex] === 1
      ? keepUntilMs[this.#completed[functionIndex] - 1]
      : startedForMs[this.#readied[functionIndex]++];
    this.#hasCompleted[functionIndex] = 0;
    // No time: not kept, or more completions or starts than there should be.
    if (!(plannedMs >= nowMs - SLACK_MS)) return nowMs;
    // Whichever instance an arrival takes, enough are left for those that were begun for.
    const untilMs = Math.max(plannedMs, this.#begunForMs[functionIndex]);
    return untilMs + SLACK_MS;
  }
}
