import { checkField } from "../field_check.ts";
import { forecastIdleTime } from "./idle_time_forecast.ts";
import { IdleTimeHistogram } from "./idle_time_histogram.ts";
import { KeepAliveDefaults } from "./keep_alive_policy.ts";
import { withDefaults } from "../knative/knative_defaults.ts";

/**
 * Constants of the hybrid histogram policy: Shahrad et al., "Serverless in the
 * Wild", USENIX ATC 2020. Checked against three independent
 * implementations: DSLab FaaS (osukhoroslov/dslab,
 * `crates/dslab-faas/src/extra/hybrid_histogram.rs`: all of them), the simulator
 * of FaasCache (aFuerst/faascache-sim, `code/split/LambdaScheduler.py`: bins,
 * range, percentiles, margins, variation) and
 * andreaskuster/reproducing-serverless-in-the-wild (`Controller/controller.py`:
 * bins, range, percentiles, variation, both margins).
 */
export const HYBRID_DEFAULTS: Readonly<HybridHistogramFields> = {
  binMs: 60_000,
  bins: 240,
  head: 0.05,
  tail: 0.99,
  histogramMargin: 0.1,
  leastVariation: 2,
  // The paper says "too many"; half is DSLab's.
  outOfRangeShare: 0.5,
  forecastMargin: 0.15,
  // Bounds the memory; the paper keeps all, of functions that have few.
  forecastHistory: 32,
};

/** A platform that counts from another time 0 may be a rounding error early. */
const ROUNDING_MS = 1e-3;

/** What the hybrid histogram policy goes by. */
export interface HybridHistogramFields {
  readonly binMs: number;
  /** Number of bins; with `binMs` the range, which is the standard keep-alive too. */
  readonly bins: number;
  /** Quantile of the idle times before which an instance is not needed. */
  readonly head: number;
  /** Quantile of the idle times after which it is no longer expected to be. */
  readonly tail: number;
  /** Part by which the head is brought forward and the tail put off. */
  readonly histogramMargin: number;
  /** Coefficient of variation of the bins' counts from which the histogram is believed. */
  readonly leastVariation: number;
  /** Part of the idle times beyond the range from which they are forecast instead. */
  readonly outOfRangeShare: number;
  /** Part by which the window around a forecast reaches to either side. */
  readonly forecastMargin: number;
  /** The latest idle times that a forecast is made from. */
  readonly forecastHistory: number;
}

/** Where the next arrival is expected, counted from the end of the last execution. */
interface ExpectedWindow {
  /** Until then no instance is needed; 0: an instance is not let go at all. */
  prewarmMs: number;
  endMs: number;
}

/**
 * Learns the idle times of each function, lets its instance go when an
 * execution ends, starts one shortly before the next arrival is due and keeps
 * it until that arrival has become unlikely. Shahrad et al., "Serverless in the
 * Wild", USENIX ATC 2020:
 *
 * - idle times mostly beyond the histogram's range: a forecast of the next one,
 *   15 % to either side;
 * - else a histogram whose counts vary by at least 2: from 90 % of its 5th
 *   percentile (rounded down to a bin's edge) to 110 % of its 99th (rounded up);
 * - else, and before the first idle time, the standard keep-alive, which is as
 *   long as the range.
 *
 * An idle time runs from the end of an execution to the next arrival, and is 0
 * where that arrives before the end.
 *
 * Where it differs from the paper: the unit is the function, not the
 * application; forecasts are `forecastIdleTime`'s, from the latest 32 idle times;
 * the window ends where the histogram does, counted from the last execution,
 * where two of the implementations named at `HYBRID_DEFAULTS` count the whole
 * tail again from the pre-warming. Only one instance is started ahead, as in
 * the paper.
 *
 * @example
 * ```ts
 * import { HybridHistogram } from "./hybrid_histogram.ts";
 * const policy = new HybridHistogram({ functions: 1 });
 * policy.onArrival(0, 0, true);
 * policy.onCompletion(0, 1000, 1000);
 * if (policy.keepUntilMs(0, 1000) !== 14_401_000) throw new Error("not four hours");
 * policy.onArrival(0, 420_000, false); // 6:59 later.
 * policy.onCompletion(0, 421_000, 1000);
 * if (policy.keepUntilMs(0, 421_000) !== 421_000) throw new Error("kept");
 * if (policy.prewarmAtMs(0, 421_000) !== 745_000) throw new Error("not after 5:24");
 * ```
 */
export class HybridHistogram extends KeepAliveDefaults {
  readonly name = "hybrid-histogram";
  readonly #fields: HybridHistogramFields;
  /** Made at a function's first arrival. */
  readonly #pasts: (FunctionPast | undefined)[];
  readonly #window: ExpectedWindow = { prewarmMs: 0, endMs: 0 };

  /**
   * @param options the number of functions, and what differs from `HYBRID_DEFAULTS`
   * @throws {LoaderError} `usage` when an option is out of its range
   */
  constructor(
    { functions, ...fields }: { readonly functions: number } & Partial<HybridHistogramFields>,
  ) {
    super();
    this.#fields = withDefaults(HYBRID_DEFAULTS, fields);
    checkField("functions", functions, { least: 0, integer: true });
    checkField("histogramMargin", this.#fields.histogramMargin, { least: 0, most: 1 });
    checkField("leastVariation", this.#fields.leastVariation, { least: 0 });
    checkField("outOfRangeShare", this.#fields.outOfRangeShare, { above: 0, most: 1 });
    checkField("forecastMargin", this.#fields.forecastMargin, { least: 0, most: 1 });
    checkField("forecastHistory", this.#fields.forecastHistory, { least: 1, integer: true });
    // Checks the histogram's fields now, and not at the first arrival.
    new IdleTimeHistogram(this.#fields);
    this.#pasts = new Array<FunctionPast | undefined>(functions).fill(undefined);
  }

  override onArrival(functionIndex: number, nowMs: number, _isCold: boolean): void {
    const past = this.#pasts[functionIndex] ??= new FunctionPast(this.#fields);
    past.arrive(nowMs);
  }

  override onCompletion(functionIndex: number, nowMs: number, _serviceMs: number): void {
    this.#pasts[functionIndex]?.complete(nowMs);
  }

  keepUntilMs(functionIndex: number, nowMs: number): number {
    const past = this.#pasts[functionIndex];
    const { prewarmMs, endMs } = this.#expect(past);
    // While an invocation runs, nothing is idle yet that the window could count from.
    const sinceMs = past?.idleSinceMs ?? nowMs;
    const isEarly = nowMs < sinceMs + prewarmMs - ROUNDING_MS;
    return isEarly ? nowMs : Math.max(nowMs, sinceMs + endMs);
  }

  override prewarmAtMs(functionIndex: number, nowMs: number): number {
    const past = this.#pasts[functionIndex];
    if (past?.idleSinceMs === undefined) return NaN;
    const startMs = past.idleSinceMs + this.#expect(past).prewarmMs;
    return startMs > nowMs + ROUNDING_MS ? startMs : NaN;
  }

  #expect(past: FunctionPast | undefined): Readonly<ExpectedWindow> {
    const { binMs, bins, leastVariation, outOfRangeShare, histogramMargin, forecastMargin } =
      this.#fields;
    const window = this.#window;
    if (past !== undefined && past.histogram.outOfRangeShare >= outOfRangeShare) {
      const forecastMs = past.forecastMs();
      window.prewarmMs = forecastMs * (1 - forecastMargin);
      window.endMs = forecastMs * (1 + forecastMargin);
    } else if (
      past !== undefined && past.histogram.inRange > 0 &&
      past.histogram.countVariation >= leastVariation
    ) {
      window.prewarmMs = past.histogram.headMs * (1 - histogramMargin);
      window.endMs = past.histogram.tailMs * (1 + histogramMargin);
    } else {
      window.prewarmMs = 0;
      window.endMs = binMs * bins;
    }
    return window;
  }
}

/** What the policy knows of one function. */
class FunctionPast {
  readonly histogram: IdleTimeHistogram;
  /** When the last execution ended; `undefined` while one runs that arrived after it. */
  idleSinceMs: number | undefined;
  readonly #history: number;
  /** The latest idle times, the oldest first. */
  readonly #recentMs: number[] = [];
  #hasArrived = false;
  /** NaN: to be made anew. */
  #forecastMs = NaN;

  constructor(fields: HybridHistogramFields) {
    this.histogram = new IdleTimeHistogram(fields);
    this.#history = fields.forecastHistory;
  }

  arrive(nowMs: number): void {
    if (this.#hasArrived) {
      const idleMs = this.idleSinceMs === undefined ? 0 : nowMs - this.idleSinceMs;
      this.histogram.add(idleMs);
      if (this.#recentMs.length === this.#history) this.#recentMs.shift();
      this.#recentMs.push(idleMs);
      this.#forecastMs = NaN;
    }
    this.#hasArrived = true;
    this.idleSinceMs = undefined;
  }

  complete(nowMs: number): void {
    this.idleSinceMs = nowMs;
  }

  /** Asked only when there is an idle time. */
  forecastMs(): number {
    if (Number.isNaN(this.#forecastMs)) this.#forecastMs = forecastIdleTime(this.#recentMs);
    return this.#forecastMs;
  }
}
