import { checkField } from "../field_check.ts";
import { KeepAliveDefaults } from "./keep_alive_policy.ts";

/** The window moves on by a tenth of its length at a time. */
const BUCKETS = 10;

/** A product such as 110 × 1.1 is a hair above the whole number that it stands for. */
const ROUNDING = 1e-9;

/** Options of {@linkcode LittlePrewarm}. */
export interface LittlePrewarmOptions {
  /** Number of functions. */
  readonly functions: number;
  /** Length of the sliding window; 10 minutes, as the usual fixed keep-alive. */
  readonly windowMs?: number;
  /** Time between decisions. */
  readonly tickMs?: number;
  /**
   * By how much there are more instances than invocations in service; 1.1: AWS
   * suggests a tenth on top of the concurrency so computed ("Configuring
   * provisioned concurrency for a function", AWS Lambda developer guide).
   */
  readonly headroom?: number;
}

/**
 * Keeps as many instances ready as invocations are in service on average, and
 * some more: ⌈λ · W · headroom⌉, with the arrival rate λ and the mean service
 * time W over a sliding window. Little, "A Proof for the Queuing Formula:
 * L = λW", Operations Research 9 (3), 1961; the way AWS sizes provisioned
 * concurrency (see `headroom`), here decided anew every tick. A function called
 * at all within the window keeps at least one instance.
 *
 * What exceeds that goes a tick after it becomes idle, so that the next
 * decision can claim it.
 *
 * @example
 * ```ts
 * import { LittlePrewarm } from "./little_prewarm.ts";
 * const policy = new LittlePrewarm({ functions: 1, windowMs: 60_000 });
 * for (let tMs = 0; tMs < 60_000; tMs += 200) {
 *   if (tMs >= 2000) policy.onCompletion(0, tMs, 2000);
 *   policy.onArrival(0, tMs, false); // 5 a second, each for 2 s: 10 in service.
 * }
 * if (policy.desiredInstances(0, 60_000) !== 11) throw new Error("not a tenth more");
 * ```
 */
export class LittlePrewarm extends KeepAliveDefaults {
  readonly name = "little-prewarm";
  override readonly tickMs: number;
  readonly #windowMs: number;
  readonly #bucketMs: number;
  readonly #headroom: number;
  /** Made at a function's first arrival. */
  readonly #recent: (RecentService | undefined)[];

  /** @throws {LoaderError} `usage` when an option is out of its range */
  constructor(
    { functions, windowMs = 600_000, tickMs = 10_000, headroom = 1.1 }: LittlePrewarmOptions,
  ) {
    super();
    checkField("functions", functions, { least: 0, integer: true });
    checkField("windowMs", windowMs, { above: 0 });
    checkField("tickMs", tickMs, { above: 0 });
    checkField("headroom", headroom, { above: 0 });
    this.tickMs = tickMs;
    this.#windowMs = windowMs;
    this.#bucketMs = windowMs / BUCKETS;
    this.#headroom = headroom;
    this.#recent = new Array<RecentService | undefined>(functions).fill(undefined);
  }

  override onArrival(functionIndex: number, nowMs: number, _isCold: boolean): void {
    const recent = this.#recent[functionIndex] ??= new RecentService();
    recent.arrive(Math.floor(nowMs / this.#bucketMs));
  }

  override onCompletion(functionIndex: number, nowMs: number, serviceMs: number): void {
    this.#recent[functionIndex]?.complete(Math.floor(nowMs / this.#bucketMs), serviceMs);
  }

  keepUntilMs(_functionIndex: number, nowMs: number): number {
    return nowMs + this.tickMs;
  }

  override desiredInstances(functionIndex: number, nowMs: number): number {
    const recent = this.#recent[functionIndex];
    if (recent === undefined) return 0;
    const bucket = Math.floor(nowMs / this.#bucketMs);
    const arrivals = recent.arrivals(bucket);
    // What the window covers: whole buckets and the begun one, but nothing before the start.
    const firstMs = (bucket - BUCKETS + 1) * this.#bucketMs;
    const coveredMs = Math.min(nowMs, nowMs - firstMs);
    if (arrivals === 0 || !(coveredMs > 0)) return 0;
    const inService = arrivals / coveredMs * recent.meanServiceMs;
    return Math.max(1, Math.ceil(inService * this.#headroom - ROUNDING));
  }
}

/** Arrivals and service times of one function in the latest buckets, and their sums. */
class RecentService {
  readonly #arrivals = new Float64Array(BUCKETS);
  readonly #completions = new Float64Array(BUCKETS);
  readonly #serviceMs = new Float64Array(BUCKETS);
  #bucket = 0;
  #allArrivals = 0;
  #allCompletions = 0;
  #allServiceMs = 0;
  #lastMeanMs = 0;

  arrive(bucket: number): void {
    this.#moveTo(bucket);
    this.#arrivals[bucket % BUCKETS]++;
    this.#allArrivals++;
  }

  complete(bucket: number, serviceMs: number): void {
    this.#moveTo(bucket);
    this.#completions[bucket % BUCKETS]++;
    this.#serviceMs[bucket % BUCKETS] += serviceMs;
    this.#allCompletions++;
    this.#allServiceMs += serviceMs;
  }

  /** Arrivals in the buckets that end with this one. */
  arrivals(bucket: number): number {
    this.#moveTo(bucket);
    return this.#allArrivals;
  }

  /** Over the window; where nothing ended in it, the last that was known; 0 at first. */
  get meanServiceMs(): number {
    return this.#allCompletions > 0 ? this.#allServiceMs / this.#allCompletions : this.#lastMeanMs;
  }

  #moveTo(bucket: number): void {
    if (bucket === this.#bucket) return;
    this.#lastMeanMs = this.meanServiceMs;
    const stale = Math.min(bucket - this.#bucket, BUCKETS);
    for (let i = 0; i < stale; i++) {
      const at = (bucket - i) % BUCKETS;
      this.#arrivals[at] = 0;
      this.#completions[at] = 0;
      this.#serviceMs[at] = 0;
    }
    this.#bucket = bucket;
    // Added up anew, as subtracting would leave rounding errors behind.
    this.#allArrivals = sum(this.#arrivals);
    this.#allCompletions = sum(this.#completions);
    this.#allServiceMs = sum(this.#serviceMs);
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
