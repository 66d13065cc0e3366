import type { VirtualClock } from "../../clock/virtual_clock.ts";
import { ConcurrencyMeters } from "../../autoscale/knative/concurrency_meters.ts";
import { FunctionScaler, type ScalerDecision } from "../../autoscale/knative/function_scaler.ts";
import {
  type AutoscalingFields,
  deriveTargetValue,
  KNATIVE_DEFAULTS,
  LOADER_OVERRIDES,
  withDefaults,
} from "../../autoscale/knative/knative_defaults.ts";
import { PhaseGroups, seedPhases } from "./autoscaler_phases.ts";
import { PRIORITY } from "./priorities.ts";
import type { Scaling, ScalingStatus, ScalingTarget } from "./scaling.ts";
import type { SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";
import { scalerOptionsOf, type SimulatorSettings } from "./simulator_options.ts";

/** A tick that comes never: until something happens, no decision can differ. */
const NEVER = 0x7fffffff;

/**
 * The least report that keeps an average above zero for as long as it is in the
 * window: averages are cut to six decimals, over at most this many buckets.
 */
const SURE_REPORT_PER_BUCKET = 2e-6;

/**
 * Numbers of a function, side by side: as fields of an object each would be a
 * box of its own somewhere in memory. Buckets are numbered from time 0.
 */
const ROW = 8;
const NEXT_REPORT_MS = 0;
/** Average of the last report. */
const CONCURRENCY = 1;
/** Bucket of the last report above zero, or poke. */
const LAST_BUCKET = 2;
/** Bucket of the last one that surely keeps the stable average above zero. */
const SURE_BUCKET = 3;
/** Bucket of the last report above what one instance is to take. */
const HIGH_BUCKET = 4;
/** The highest reports of the last span of a window that had any, and of the span before it. */
const HIGHEST_SPAN = 5;
const HIGHEST = 6;
const HIGHEST_BEFORE = 7;

/** What else is kept of one function. */
class FunctionState {
  readonly scaler: FunctionScaler;
  latest: ScalerDecision | null = null;
  /** Reports made so far. */
  reports = 0;
  /** The next report subtracts what a poke has recorded ahead of it. */
  isAhead = false;

  constructor(scaler: FunctionScaler) {
    this.scaler = scaler;
  }
}

/**
 * Knative's autoscaler for every function: concurrency reports of the activator once a
 * second, decisions at the ticks of each function, and one at once when a request comes
 * to a function of which nothing is wanted. When the reports, the ticks and the seconds
 * of the clock that buckets follow begin is chance (see {@linkcode AutoscalerPhases}),
 * and decides what a tick knows of the second that it falls into.
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
 *   more comes in flight. It is *settled in panic* when as many are ready as are
 *   wanted, and no bucket and no request is beyond what they are to take: then the
 *   scale stays, and the panic is not renewed, until it ends or more comes in flight.
 */
export class KnativeScaling implements Scaling {
  readonly #clock: VirtualClock;
  readonly #target: ScalingTarget;
  readonly #fields: AutoscalingFields;
  readonly #states: readonly FunctionState[];
  // By function.
  readonly #meters: ConcurrencyMeters;
  readonly #rows: Float64Array;
  /** While ticks are left out: with more than this in flight they are due again. */
  readonly #calmUpTo: Float64Array;
  /** Number of the next tick of the function that must be made, from 1. */
  readonly #dueTicks: Int32Array;
  /** When the first tick of each is, after the start. */
  readonly #tickPhasesMs: Float64Array;
  readonly #groups: PhaseGroups;
  readonly #startMs: number;
  /** When the first report is. */
  readonly #firstReportMs: number;
  /** What the autoscaler's clock is ahead of the simulator's. */
  readonly #aheadMs: number;
  readonly #reportMs: number;
  readonly #tickEvent: number;
  /** In requests per instance. */
  readonly #targetValue: number;
  readonly #windowBuckets: number;
  readonly #skips: boolean;
  /** With the activator always in the path, an idle function tells one zero, then nothing. */
  readonly #isSilentAfterZero: boolean;
  /** Number of the ticks that are being made, and which functions' are next. */
  #tick = 1;
  #group = 0;

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
    const phases = settings.phases ??
      seedPhases(settings.seed, { ...fields, reportMs: settings.reportMs });
    this.#aheadMs = phases.clockMs;
    this.#reportMs = settings.reportMs;
    this.#firstReportMs = this.#startMs + phases.reportMs;
    this.#tickPhasesMs = Float64Array.from(target.functions, (one) => phases.tickMs(one));
    this.#groups = new PhaseGroups(this.#tickPhasesMs);
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
          createdMs: this.#startMs + this.#aheadMs,
        }),
      )
    );
    this.#meters = new ConcurrencyMeters(
      this.#states.length,
      this.#startMs,
      this.#isSilentAfterZero,
    );
    this.#rows = new Float64Array(this.#states.length * ROW);
    for (let at = 0; at < this.#rows.length; at += ROW) {
      this.#rows[at + NEXT_REPORT_MS] = this.#timeOfReport(1);
      this.#rows.fill(-Infinity, at + LAST_BUCKET, at + HIGHEST_SPAN + 1);
    }
    this.#calmUpTo = new Float64Array(this.#states.length);
    this.#dueTicks = new Int32Array(this.#states.length);
    const handler = clock.register(() => this.#onTick());
    this.#tickEvent = clock.createEvent(PRIORITY.autoscaler, handler, 0);
  }

  start(): void {
    if (this.#states.length > 0) this.#armTick();
  }

  beginRun(): void {
    // It decides since the deployment.
  }

  stop(): void {
    this.#clock.clear(this.#tickEvent);
  }

  onArrival(target: SimulatedFunction): void {
    const { index } = target;
    const nowMs = this.#clock.nowMs();
    if (this.#rows[index * ROW + NEXT_REPORT_MS] <= nowMs) this.#report(index, nowMs);
    if (!this.#meters.isCounted(index)) this.#poke(target, nowMs);
    const inFlight = this.#meters.arrive(index, nowMs);
    if (inFlight > this.#calmUpTo[index]) this.#dueTicks[index] = 0;
  }

  onWait(target: SimulatedFunction): void {
    if (!this.#isSilentAfterZero && target.ready === 0) this.#poke(target, this.#clock.nowMs());
  }

  onLeave({ index }: SimulatedFunction): void {
    const nowMs = this.#clock.nowMs();
    if (this.#rows[index * ROW + NEXT_REPORT_MS] <= nowMs) this.#report(index, nowMs);
    this.#meters.leave(index, nowMs);
  }

  onReady({ owner: { index } }: SimulatedInstance): void {
    this.#states[index].scaler.noteReady(this.#policyMs(this.#clock.nowMs()));
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

  makeRoom(): boolean {
    // Nobody stops for another; who has no room is pending.
    return true;
  }

  status(target: SimulatedFunction): ScalingStatus {
    const state = this.#states[target.index];
    const nowMs = this.#clock.nowMs();
    this.#report(target.index, nowMs);
    return {
      ...state.scaler.observe(this.#policyMs(nowMs)),
      concurrency: this.#rows[target.index * ROW + CONCURRENCY],
    };
  }

  #armTick(): void {
    this.#clock.set(
      this.#tickEvent,
      this.#timeOfTick(this.#tick, this.#groups.phaseMs(this.#group)),
    );
  }

  #timeOfTick(tick: number, phaseMs: number): number {
    return this.#startMs + phaseMs + (tick - 1) * this.#fields.tickMs;
  }

  #onTick(): void {
    const nowMs = this.#clock.nowMs();
    const { functions } = this.#target;
    const dueTicks = this.#dueTicks;
    for (const index of this.#groups.members(this.#group)) {
      if (dueTicks[index] <= this.#tick) this.#decide(functions[index], nowMs);
    }
    if (++this.#group === this.#groups.size) {
      this.#group = 0;
      this.#tick++;
    }
    this.#armTick();
  }

  #decide(target: SimulatedFunction, nowMs: number): void {
    const { index } = target;
    const state = this.#states[index];
    this.#report(index, nowMs);
    this.#apply(state, target, state.scaler.tick(this.#policyMs(nowMs), target.ready));
    if (this.#skips) this.#dueTicks[index] = this.#nextDueTick(state, target, nowMs);
  }

  /** A request came of which no count was kept, or that met no instance. */
  #poke(target: SimulatedFunction, nowMs: number): void {
    const { index } = target;
    const state = this.#states[index];
    const at = index * ROW;
    const before = state.latest;
    const decision = state.scaler.poke(this.#policyMs(nowMs), target.ready);
    if (decision === before && !this.#isSilentAfterZero) return;
    state.isAhead = true;
    this.#rows[at + LAST_BUCKET] = this.#rows[at + SURE_BUCKET] = this.#bucketOf(nowMs);
    if (decision === before) return;
    this.#dueTicks[index] = 0;
    this.#apply(state, target, decision);
  }

  #apply(state: FunctionState, target: SimulatedFunction, decision: ScalerDecision): void {
    state.latest = decision;
    this.#target.scale(target, decision.desired);
  }

  /** Makes the reports that were due until now. */
  #report(index: number, nowMs: number): void {
    const state = this.#states[index];
    const rows = this.#rows;
    const at = index * ROW;
    for (;;) {
      const dueMs = rows[at + NEXT_REPORT_MS];
      if (dueMs > nowMs) return;
      const average = this.#meters.report(index, dueMs);
      state.scaler.recordConcurrency(this.#policyMs(dueMs), average);
      rows[at + CONCURRENCY] = average;
      if (average > 0) this.#noteReport(state, at, this.#bucketOf(dueMs));
      state.reports++;
      rows[at + NEXT_REPORT_MS] = this.#timeOfReport(state.reports + 1);
      if (average === 0 && this.#meters.inFlight(index) === 0 && this.#isSilentAfterZero) {
        return this.#skipZeros(index, nowMs);
      }
    }
  }

  /** The reports until now are zeros, which an idle function does not send after the first. */
  #skipZeros(index: number, nowMs: number): void {
    const state = this.#states[index];
    let due = Math.floor((nowMs - this.#firstReportMs) / this.#reportMs) + 1;
    if (this.#timeOfReport(due) > nowMs) due--;
    if (due <= state.reports) return;
    this.#meters.report(index, this.#timeOfReport(due));
    state.reports = due;
    this.#rows[index * ROW + NEXT_REPORT_MS] = this.#timeOfReport(due + 1);
  }

  /** What is tracked of reports above zero must not be too early, but the sure one not too late. */
  #noteReport(state: FunctionState, at: number, bucket: number): void {
    const rows = this.#rows;
    const average = rows[at + CONCURRENCY];
    rows[at + LAST_BUCKET] = bucket;
    if (average > this.#targetValue) rows[at + HIGH_BUCKET] = bucket;
    const recorded = state.isAhead ? average - 1 : average;
    state.isAhead = false;
    if (recorded >= SURE_REPORT_PER_BUCKET * this.#windowBuckets) rows[at + SURE_BUCKET] = bucket;
    const span = Math.floor(bucket / this.#windowBuckets);
    const before = rows[at + HIGHEST_SPAN];
    if (span !== before) {
      rows[at + HIGHEST_BEFORE] = span === before + 1 ? rows[at + HIGHEST] : 0;
      rows[at + HIGHEST] = 0;
      rows[at + HIGHEST_SPAN] = span;
    }
    if (average > rows[at + HIGHEST]) rows[at + HIGHEST] = average;
  }

  /** At least the highest report that a window that ends in this bucket still has. */
  #highestUpTo(bucket: number, at: number): number {
    const rows = this.#rows;
    const span = Math.floor(bucket / this.#windowBuckets);
    if (span === rows[at + HIGHEST_SPAN]) {
      return Math.max(rows[at + HIGHEST], rows[at + HIGHEST_BEFORE]);
    }
    return span === rows[at + HIGHEST_SPAN] + 1 ? rows[at + HIGHEST] : 0;
  }

  /** The first tick whose decision is not known to be that of this one; see the class. */
  #nextDueTick(state: FunctionState, target: SimulatedFunction, nowMs: number): number {
    const { desired, stable, panic, panicking } = state.latest!;
    const { index } = target;
    if (target.starting > 0 || desired !== target.ready) return 0;
    const peak = this.#meters.peak(index);
    const bucket = this.#bucketOf(nowMs);
    const rows = this.#rows;
    const at = index * ROW;
    if (panicking) {
      const most = desired * this.#targetValue;
      if (peak > most || this.#highestUpTo(bucket, at) > most) return 0;
      this.#calmUpTo[index] = most;
      return this.#tickBefore(state.scaler.panicUntilMs, index);
    }
    if (peak === 0 && bucket - rows[at + LAST_BUCKET] >= this.#windowBuckets) {
      this.#calmUpTo[index] = 0;
      // Nothing is wanted, and what is there goes never, or not before a time.
      const isLeast = desired === this.#fields.minScale;
      return isLeast ? NEVER : this.#tickBefore(state.scaler.heldUntilMs, index);
    }
    const most = this.#targetValue;
    const isSteady = desired === 1 && stable > 0 && stable <= most && panic <= most &&
      peak <= most && bucket - rows[at + HIGH_BUCKET] > this.#windowBuckets;
    if (!isSteady) return 0;
    this.#calmUpTo[index] = most;
    return this.#tickBefore(
      (rows[at + SURE_BUCKET] + this.#windowBuckets) * this.#fields.granularityMs,
      index,
    );
  }

  /** The function's last tick that is not after a time of the autoscaler's; 0 where that is past. */
  #tickBefore(policyMs: number, index: number): number {
    const firstMs = this.#startMs + this.#aheadMs + this.#tickPhasesMs[index];
    return Math.max(0, Math.floor((policyMs - firstMs) / this.#fields.tickMs) + 1);
  }

  #timeOfReport(report: number): number {
    return this.#firstReportMs + (report - 1) * this.#reportMs;
  }

  /** On the autoscaler's clock. */
  #policyMs(timeMs: number): number {
    return timeMs + this.#aheadMs;
  }

  #bucketOf(timeMs: number): number {
    return Math.floor(this.#policyMs(timeMs) / this.#fields.granularityMs);
  }
}
