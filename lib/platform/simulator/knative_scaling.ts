import type { VirtualClock } from "../../base/virtual_clock.ts";
import { ConcurrencyMeter } from "../../autoscale/concurrency_meter.ts";
import { FunctionScaler, type ScalerDecision } from "../../autoscale/function_scaler.ts";
import {
  type AutoscalingFields,
  deriveTargetValue,
  KNATIVE_DEFAULTS,
  LOADER_OVERRIDES,
  withDefaults,
} from "../../autoscale/knative_defaults.ts";
import { PRIORITY } from "./priorities.ts";
import type { Scaling, ScalingStatus, ScalingTarget } from "./scaling.ts";
import type { SimulatedFunction } from "./simulated_function.ts";
import { scalerOptionsOf, type SimulatorSettings } from "./simulator_options.ts";

/** A tick that comes never: until something happens, no decision can differ. */
const NEVER = 0x7fffffff;

/**
 * The least report that keeps an average above zero for as long as it is in the
 * window: averages are cut to six decimals, over at most this many buckets.
 */
const SURE_REPORT_PER_BUCKET = 2e-6;

/** What is kept of one function. */
class FunctionState {
  readonly scaler: FunctionScaler;
  readonly meter: ConcurrencyMeter;
  latest: ScalerDecision | null = null;
  /** Average of the last report. */
  concurrency = 0;
  /** Reports made so far. */
  reports = 0;
  /** The next report subtracts what a poke has recorded ahead of it. */
  isAhead = false;
  nextReportMs: number;
  /** Whether a request was in flight since the last report. */
  hasUnreported = false;
  /** Whether ticks are left out until a request comes. */
  isIdle = false;
  /** Bucket of the last report above zero, or poke. */
  lastBucket = -Infinity;
  /** Bucket of the last one that surely keeps the stable average above zero. */
  sureBucket = -Infinity;
  /** Whether more was in flight since the last report than one instance is to take. */
  wasHigh = false;
  /** Bucket of the last report above what one instance is to take. */
  highBucket = -Infinity;

  constructor(scaler: FunctionScaler, startMs: number, reportMs: number) {
    this.scaler = scaler;
    this.meter = new ConcurrencyMeter(startMs);
    this.nextReportMs = startMs + reportMs;
  }
}

/**
 * Knative's autoscaler for every function: concurrency reports at fixed times, a
 * decision every tick, and at once when a request meets a function at zero.
 *
 * Two things make it cheap and change nothing:
 *
 * - A report is made when something next happens to the function, with the
 *   times that it would have been made at: until then nobody reads it.
 * - Ticks whose decision is known are left out. A function is *idle* when nothing
 *   is in flight and both windows are empty: then none is wanted, and what is
 *   there stays until the window or the grace period of the scale to zero ends, or
 *   a request comes. It is *steady at one* when one instance is wanted and
 *   there, each bucket of both windows is at most what one instance is to take,
 *   and no more than that is in flight: then all averages are at most that, and the
 *   decision is one until the last report above zero leaves the stable window or
 *   more comes in flight.
 */
export class KnativeScaling implements Scaling {
  readonly #clock: VirtualClock;
  readonly #target: ScalingTarget;
  readonly #fields: AutoscalingFields;
  readonly #states: readonly FunctionState[];
  /** By function: number of the next tick that must be made. */
  readonly #dueTicks: Int32Array;
  readonly #startMs: number;
  readonly #reportMs: number;
  readonly #tickEvent: number;
  /** In requests per instance. */
  readonly #targetValue: number;
  readonly #windowBuckets: number;
  readonly #skips: boolean;
  /** With the activator always in the path, an idle function tells one zero, then nothing. */
  readonly #isSilentAfterZero: boolean;
  /** Ticks so far; the last one was at its number times the tick. */
  #tick = 0;

  constructor(settings: SimulatorSettings, clock: VirtualClock, target: ScalingTarget) {
    const options = scalerOptionsOf(settings);
    const fields = withDefaults<AutoscalingFields>(
      { ...KNATIVE_DEFAULTS, ...LOADER_OVERRIDES },
      options,
    );
    this.#clock = clock;
    this.#target = target;
    this.#fields = fields;
    this.#startMs = clock.nowMs();
    this.#reportMs = settings.reportMs;
    this.#targetValue = options.targetValue ??
      deriveTargetValue(fields.totalValue, fields.targetUtilization);
    this.#windowBuckets = Math.ceil(fields.stableWindowMs / fields.granularityMs);
    // A poke counts as one request, several reports in a bucket add up, a delay remembers each
    // tick, and where one instance is panic or too few, one is never steady.
    this.#skips = settings.skipsIdleTicks && this.#targetValue >= 1 && fields.panicThreshold > 1 &&
      settings.reportMs >= fields.granularityMs && fields.scaleDownDelayMs === 0 &&
      fields.activationScale <= 1;
    this.#isSilentAfterZero = fields.targetBurstCapacity === -1;
    this.#states = target.functions.map(({ desired: initialScale }) =>
      new FunctionState(
        new FunctionScaler({
          ...options,
          initialScale,
          initialReady: initialScale,
          createdMs: this.#startMs,
        }),
        this.#startMs,
        this.#reportMs,
      )
    );
    this.#dueTicks = new Int32Array(this.#states.length);
    const handler = clock.register(() => this.#onTick());
    this.#tickEvent = clock.createEvent(PRIORITY.autoscaler, handler, 0);
  }

  start(): void {
    if (this.#states.length > 0) this.#armTick();
  }

  stop(): void {
    this.#clock.clear(this.#tickEvent);
  }

  onArrival(target: SimulatedFunction, nowMs: number): void {
    const state = this.#states[target.index];
    if (state.nextReportMs <= nowMs) this.#report(state, nowMs);
    state.meter.arrive(nowMs);
    state.hasUnreported = true;
    const isHigh = state.meter.inFlight > this.#targetValue;
    if (isHigh) state.wasHigh = true;
    if (isHigh || state.isIdle) {
      state.isIdle = false;
      this.#dueTicks[target.index] = 0;
    }
  }

  onWait(target: SimulatedFunction, nowMs: number): void {
    if (target.ready > 0) return;
    const state = this.#states[target.index];
    const decision = state.scaler.poke(nowMs, 0);
    // Where instances were wanted already, it is the decision of before.
    if (decision === state.latest) return;
    state.isAhead = true;
    state.lastBucket = state.sureBucket = this.#bucketOf(nowMs);
    this.#dueTicks[target.index] = 0;
    this.#apply(state, target, decision);
  }

  onLeave(target: SimulatedFunction, nowMs: number): void {
    const state = this.#states[target.index];
    if (state.nextReportMs <= nowMs) this.#report(state, nowMs);
    state.meter.leave(nowMs);
  }

  onIdle(): void {
    // It goes by averages alone.
  }

  onUse(): void {
    // Likewise.
  }

  onStop(): void {
    // It was its own decision.
  }

  makeRoom(): void {
    // Nobody stops for another; who has no room is pending.
  }

  status(target: SimulatedFunction): ScalingStatus {
    const state = this.#states[target.index];
    const nowMs = this.#clock.nowMs();
    this.#report(state, nowMs);
    return { ...state.scaler.observe(nowMs), concurrency: state.concurrency };
  }

  #armTick(): void {
    this.#clock.set(this.#tickEvent, this.#timeOfTick(this.#tick + 1));
  }

  #timeOfTick(tick: number): number {
    return this.#startMs + tick * this.#fields.tickMs;
  }

  #onTick(): void {
    const nowMs = this.#clock.nowMs();
    const { functions } = this.#target;
    const dueTicks = this.#dueTicks;
    const tick = ++this.#tick;
    for (let i = 0; i < dueTicks.length; i++) {
      if (dueTicks[i] <= tick) this.#decide(this.#states[i], functions[i], nowMs);
    }
    this.#armTick();
  }

  #decide(state: FunctionState, target: SimulatedFunction, nowMs: number): void {
    this.#report(state, nowMs);
    this.#apply(state, target, state.scaler.tick(nowMs, target.ready));
    if (this.#skips) this.#dueTicks[target.index] = this.#nextDueTick(state, target, nowMs);
  }

  #apply(state: FunctionState, target: SimulatedFunction, decision: ScalerDecision): void {
    state.latest = decision;
    this.#target.scale(target, decision.desired);
  }

  /** Makes the reports that were due until now. */
  #report(state: FunctionState, nowMs: number): void {
    while (state.nextReportMs <= nowMs) {
      const { meter, nextReportMs } = state;
      const average = meter.report(nextReportMs);
      state.scaler.recordConcurrency(nextReportMs, average);
      this.#noteReport(state, nextReportMs, average);
      state.reports++;
      state.nextReportMs = this.#timeOfReport(state.reports + 1);
      state.hasUnreported = meter.inFlight > 0;
      state.wasHigh = meter.inFlight > this.#targetValue;
      if (average === 0 && meter.inFlight === 0 && this.#isSilentAfterZero) {
        return this.#skipZeros(state, nowMs);
      }
    }
  }

  /** The reports until now are zeros, which an idle function does not send after the first. */
  #skipZeros(state: FunctionState, nowMs: number): void {
    let due = Math.floor((nowMs - this.#startMs) / this.#reportMs);
    if (this.#timeOfReport(due) > nowMs) due--;
    if (due <= state.reports) return;
    state.meter.report(this.#timeOfReport(due));
    state.reports = due;
    state.nextReportMs = this.#timeOfReport(due + 1);
  }

  #noteReport(state: FunctionState, timeMs: number, average: number): void {
    state.concurrency = average;
    if (average === 0) return;
    // What is tracked must not be too early, but `sureBucket` not too late.
    state.lastBucket = this.#bucketOf(timeMs);
    if (average > this.#targetValue) state.highBucket = state.lastBucket;
    const recorded = state.isAhead ? average - 1 : average;
    state.isAhead = false;
    if (recorded >= SURE_REPORT_PER_BUCKET * this.#windowBuckets) {
      state.sureBucket = state.lastBucket;
    }
  }

  /** The first tick whose decision is not known to be that of this one; see the class. */
  #nextDueTick(state: FunctionState, target: SimulatedFunction, nowMs: number): number {
    const { desired, stable, panic, panicking } = state.latest!;
    if (panicking || target.starting > 0 || desired !== target.ready) return 0;
    state.isIdle = !state.hasUnreported &&
      this.#bucketOf(nowMs) - state.lastBucket >= this.#windowBuckets;
    if (state.isIdle) {
      return desired === 0 ? NEVER : this.#tickBefore(state.scaler.heldUntilMs);
    }
    const most = this.#targetValue;
    const isSteady = desired === 1 && stable > 0 && stable <= most && panic <= most &&
      !state.wasHigh && this.#bucketOf(nowMs) - state.highBucket > this.#windowBuckets;
    if (!isSteady) return 0;
    return this.#tickBefore((state.sureBucket + this.#windowBuckets) * this.#fields.granularityMs);
  }

  /** The last tick that is not after a time; 0 where that is past. */
  #tickBefore(timeMs: number): number {
    return Math.max(0, Math.floor((timeMs - this.#startMs) / this.#fields.tickMs));
  }

  #timeOfReport(report: number): number {
    return this.#startMs + report * this.#reportMs;
  }

  #bucketOf(timeMs: number): number {
    return Math.floor(timeMs / this.#fields.granularityMs);
  }
}
