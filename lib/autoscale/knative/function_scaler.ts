import { LoaderError } from "../../base/error.ts";
import { checkField } from "../field_check.ts";
import {
  type AutoscalingFields,
  KNATIVE_DEFAULTS,
  LOADER_OVERRIDES,
  withDefaults,
} from "./knative_defaults.ts";
import { type Decision, KnativeDecider } from "./knative_decider.ts";
import { MetricWindow } from "./metric_window.ts";
import { ScaleToZero } from "./scale_to_zero.ts";

/**
 * Options of {@linkcode FunctionScaler}. What is not given is as in
 * `LOADER_OVERRIDES`, then as in `KNATIVE_DEFAULTS`.
 */
export type FunctionScalerOptions = Partial<AutoscalingFields>;

/** What a {@linkcode FunctionScaler} decides, and from what. */
export interface ScalerDecision extends Decision {
  /** Average concurrency over the stable window. */
  readonly stable: number;
  /** Average concurrency over the panic window. */
  readonly panic: number;
  /** The decision was made in panic. */
  readonly panicking: boolean;
}

/**
 * All that decides the scale of one function: metric windows, decider, bounds
 * and what holds zero back, put together as Knative does. Pure: the caller
 * calls {@linkcode FunctionScaler.recordConcurrency} once a second,
 * {@linkcode FunctionScaler.tick} every two,
 * {@linkcode FunctionScaler.poke} when a request comes to a function that the
 * activator counts nothing of, and {@linkcode FunctionScaler.noteReady} when an
 * instance becomes ready. Times must not decrease.
 *
 * @example
 * ```ts
 * import { FunctionScaler } from "./function_scaler.ts";
 * const scaler = new FunctionScaler();
 * if (scaler.poke(100).desired !== 1) throw new Error("a request wants an instance");
 * scaler.recordConcurrency(1000, 4); // The one that poked, and three more.
 * if (scaler.tick(1000, 1).stable !== 2) throw new Error("not the mean of 1 and 3");
 * ```
 */
export class FunctionScaler {
  /** Time between decisions, for the caller's timer. */
  readonly tickMs: number;
  /** True if the activator is always in the path, and all that is known is what it counts. */
  readonly activatorReportsAlone: boolean;
  readonly #stable: MetricWindow;
  readonly #panic: MetricWindow;
  readonly #decider: KnativeDecider;
  readonly #gate: ScaleToZero;
  readonly #minScale: number;
  readonly #maxScale: number;
  readonly #initialScale: number;
  /** True if the initial scale has been ready, or there is none. */
  #initialized: boolean;
  /** Nothing more is told of a function that is idle; at first nothing is. */
  #isSilent: boolean;
  /** Concurrency recorded by a poke ahead of the report that will include it. */
  #recordedAhead = 0;
  /** What the decider said last, before bounds and grace. */
  #decided = 0;
  #latest: ScalerDecision | undefined;

  /** @throws {LoaderError} `usage` when an option is out of its range */
  constructor(options: FunctionScalerOptions = {}) {
    const fields = withDefaults({ ...KNATIVE_DEFAULTS, ...LOADER_OVERRIDES }, options);
    const { granularityMs, stableWindowMs, minScale, maxScale, initialScale } = fields;
    checkField("panicWindowPercentage", fields.panicWindowPercentage, { least: 1, most: 100 });
    checkField("minScale", minScale, { least: 0, integer: true });
    checkField("maxScale", maxScale, { least: 0, integer: true });
    checkField("initialScale", initialScale, { least: 0, integer: true });
    if (maxScale > 0 && minScale > maxScale) {
      throw new LoaderError(
        "usage",
        `The autoscaling field minScale (${minScale}) is above maxScale (${maxScale}); lower the one or raise the other.`,
        { value: minScale },
      );
    }
    // An undefined target is derived from the total and its utilization.
    this.#decider = new KnativeDecider({ ...fields, targetValue: options.targetValue });
    const weighted = fields.algorithm === "weighted-exponential";
    const panicWindowMs = derivePanicWindowMs(
      stableWindowMs,
      fields.panicWindowPercentage,
      granularityMs,
    );
    this.#stable = new MetricWindow({ windowMs: stableWindowMs, granularityMs, weighted });
    this.#panic = new MetricWindow({ windowMs: panicWindowMs, granularityMs, weighted });
    this.tickMs = fields.tickMs;
    this.#maxScale = maxScale === 0 ? Infinity : maxScale;
    this.#minScale = fields.reachable ? minScale : 0;
    this.#initialScale = fields.reachable
      ? Math.min(Math.max(initialScale, this.#minScale), this.#maxScale)
      : 0;
    this.#initialized = this.#initialScale === 0;
    this.#gate = new ScaleToZero({
      ...fields,
      gracePeriodMs: fields.scaleToZeroGraceMs,
      initialScale: this.#initialScale,
    });
    this.activatorReportsAlone = fields.targetBurstCapacity === -1;
    this.#isSilent = this.activatorReportsAlone;
  }

  /**
   * Takes the average concurrency of the last second, buffered requests
   * included (see `ConcurrencyMeters`).
   *
   * With the activator always in the path, an idle function reports one zero
   * and then falls silent, as upstream (`computeReport` in
   * `pkg/activator/handler/concurrency_reporter.go`): its stable average then
   * stays up until the window has passed, and the caller may leave out the zeros
   * that follow a zero.
   */
  recordConcurrency(tMs: number, averageConcurrency: number): void {
    const isZero = averageConcurrency === 0;
    if (isZero && this.#isSilent) return;
    this.#isSilent = isZero && this.activatorReportsAlone;
    this.#record(tMs, Math.max(0, averageConcurrency - this.#recordedAhead));
    this.#recordedAhead = 0;
  }

  /**
   * Where the last decision was for nothing and both windows are empty: before this
   * time no tick decides otherwise, unless there is something to record, or another
   * number of instances becomes ready.
   */
  get heldUntilMs(): number {
    return this.#decided > 0 ? -Infinity : this.#gate.heldUntilMs;
  }

  /**
   * In panic: until then it lasts at least, and the scale does not fall. It lasts longer
   * when the panic window asks for the threshold again.
   */
  get panicUntilMs(): number {
    return this.#decider.panicUntilMs;
  }

  /** What the next decision would go by, decided by nothing yet. */
  observe(tMs: number): Pick<ScalerDecision, "stable" | "panic"> {
    // Adding and subtracting can leave a window a hair below nothing.
    return {
      stable: Math.max(0, this.#stable.average(tMs)),
      panic: Math.max(0, this.#panic.average(tMs)),
    };
  }

  /** Decides the scale, with the instances that are ready now. */
  tick(tMs: number, ready: number): ScalerDecision {
    const { stable, panic } = this.observe(tMs);
    const { desired, excessBurstCapacity } = this.#decider.decide({ tMs, stable, panic, ready });
    this.#decided = desired;
    if (ready >= this.#initialScale) this.#initialized = true;
    const least = this.#initialized ? this.#minScale : this.#initialScale;
    const bounded = Math.min(Math.max(desired, least), this.#maxScale);
    this.#latest = {
      desired: this.#gate.apply({ tMs, desired: bounded, ready, excessBurstCapacity }),
      stable,
      panic,
      panicking: this.#decider.panicking,
      excessBurstCapacity,
    };
    return this.#latest;
  }

  /** An instance has become ready. */
  noteReady(tMs: number): void {
    this.#gate.noteReady(tMs);
  }

  /**
   * A request has come of which no count was kept: the activator tells of it at once, and
   * where nothing was wanted the autoscaler decides at once, for one instance at least
   * (`getOrCreateStat` in `pkg/activator/handler/concurrency_reporter.go`, `Poke` in
   * `pkg/autoscaler/scaling/multiscaler.go`). It counts as a concurrency of 1 until the next
   * report, which includes it. The activator begins to count anew after a report of zero
   * (see `ConcurrencyMeters`); the caller tells of such a request once.
   *
   * Where the activator is not always in the path, only a request that meets no instance
   * is told of so; it changes nothing where some are wanted already.
   *
   * @returns the decision of before, if none was made
   */
  poke(tMs: number, ready = 0): ScalerDecision {
    const isWanted = this.#latest !== undefined && this.#decided > 0;
    if (isWanted && !this.activatorReportsAlone) return this.#latest!;
    this.#record(tMs, 1);
    this.#recordedAhead = 1;
    return isWanted ? this.#latest! : this.tick(tMs, ready);
  }

  #record(tMs: number, value: number): void {
    this.#stable.record(tMs, value);
    this.#panic.record(tMs, value);
  }
}

/** Rounded to whole buckets, at least one: `MakeMetric` in `pkg/reconciler/autoscaling/resources/metric.go`. */
function derivePanicWindowMs(
  stableWindowMs: number,
  percentage: number,
  granularityMs: number,
): number {
  const buckets = Math.round(stableWindowMs * percentage / 100 / granularityMs);
  return Math.max(1, buckets) * granularityMs;
}
