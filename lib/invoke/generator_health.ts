import { createHistogram } from "node:perf_hooks";
import type { Verdict, VerdictLimits } from "../model/manifest.ts";
import type { TableSink } from "../model/table.ts";

/** How often the event loop is probed. */
export const LOOP_PROBE_EVERY_MS = 20;

/** A quantile is told only with this many observations beyond it. */
const LEAST_BEYOND = 10;

/** A row of less time than this is a remainder. */
const LEAST_SECOND_MS = 500;

/** Longest time that the histograms tell apart, in microseconds: a day. */
const HIGHEST_US = 86_400_000_000;

/** Quantiles of times, to three figures, in constant memory. */
class TimeHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 });
  /** Times of a microsecond at most (on virtual time all of them), which the histogram need not see. */
  #least = 0;
  count = 0;
  late = 0;
  maxMs = -Infinity;
  readonly #limitMs: number;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  record(ms: number): void {
    if (ms <= 0.001) this.#least++;
    else this.#histogram.record(Math.min(HIGHEST_US, Math.round(ms * 1000)));
    this.count++;
    if (ms > this.#limitMs) this.late++;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  quantileMs(quantile: number): number | null {
    if (this.count * (1 - quantile) < LEAST_BEYOND) return null;
    const beyond = quantile * this.count - this.#least;
    // The histogram starts at 1 µs.
    if (beyond <= 0) return 0.001;
    return this.#histogram.percentile(100 * beyond / (this.count - this.#least)) / 1000;
  }

  maximumMs(): number | null {
    return this.count === 0 ? null : this.maxMs;
  }
}

/**
 * Watches the generator itself: dispatch lag, event-loop delay and CPU, second
 * by second and over the run.
 */
export class GeneratorHealth {
  readonly #limits: VerdictLimits;
  readonly #sink: TableSink;
  readonly #readCpuMs: (() => number) | null;
  readonly #readWaitingMs: () => number;
  readonly #lag: TimeHistogram;
  readonly #loopDelay: TimeHistogram;
  readonly #busySeconds: number[] = [];
  #seconds = 0;
  /** Waiting included. */
  #cpuMs = 0;
  #waitingMs = 0;
  /** Over the seconds so far: how long they were, and what of it was waiting. */
  #secondsMs = 0;
  #secondsWaitingMs = 0;
  #secondStartMs = 0;
  #due = 0;
  #dispatched = 0;
  #completed = 0;
  #dropped = 0;
  #lagMaxMs = -Infinity;
  #loopDelayMaxMs = -Infinity;
  droppedTotal = 0;

  /**
   * `readCpuMs` tells the CPU time of this process, `null` on virtual time;
   * `readWaitingMs` what of it went into waiting.
   */
  constructor(
    limits: VerdictLimits,
    sink: TableSink,
    readCpuMs: (() => number) | null,
    readWaitingMs: () => number,
  ) {
    this.#limits = limits;
    this.#sink = sink;
    this.#readCpuMs = readCpuMs;
    this.#lag = new TimeHistogram(limits.dispatchLagP99Ms);
    this.#loopDelay = new TimeHistogram(limits.loopDelayP99Ms);
    this.#readWaitingMs = readWaitingMs;
    this.#cpuMs = readCpuMs?.() ?? 0;
    this.#waitingMs = readWaitingMs();
  }

  recordDue(): void {
    this.#due++;
  }

  recordDropped(): void {
    this.#dropped++;
    this.droppedTotal++;
  }

  recordDispatch(lagMs: number): void {
    this.#dispatched++;
    this.#lag.record(lagMs);
    if (lagMs > this.#lagMaxMs) this.#lagMaxMs = lagMs;
  }

  recordCompletion(): void {
    this.#completed++;
  }

  recordLoopDelay(delayMs: number): void {
    this.#loopDelay.record(delayMs);
    if (delayMs > this.#loopDelayMaxMs) this.#loopDelayMaxMs = delayMs;
  }

  /** Ends a second at `nowMs` since run start and writes its row. */
  endSecond(nowMs: number, inFlight: number, requestedMemoryMib: number): void {
    const cpuMs = this.#readCpuMs?.() ?? null;
    const elapsedMs = nowMs - this.#secondStartMs;
    // What is left over at the end of a run is too short to tell its CPU, and no second.
    const isSecond = elapsedMs >= LEAST_SECOND_MS;
    const waitingMs = this.#readWaitingMs();
    const isKnown = cpuMs !== null && isSecond;
    const waitingPercent = isKnown ? 100 * (waitingMs - this.#waitingMs) / elapsedMs : null;
    // Waiting is told by the wall clock: where the process was off its core meanwhile, too much.
    const cpuPercent = isKnown
      ? Math.max(0, 100 * (cpuMs - this.#cpuMs) / elapsedMs - waitingPercent!)
      : null;
    if (cpuPercent !== null && cpuPercent > this.#limits.cpuPercent) {
      this.#busySeconds.push(Math.floor(this.#secondStartMs / 1000));
    }
    this.#sink.write([
      nowMs,
      this.#due,
      this.#dispatched,
      this.#completed,
      this.#dropped,
      inFlight,
      requestedMemoryMib,
      finiteOrNull(this.#lagMaxMs),
      finiteOrNull(this.#loopDelayMaxMs),
      cpuPercent,
      waitingPercent,
    ]);
    if (isSecond) this.#seconds++;
    if (isKnown) {
      this.#secondsMs += elapsedMs;
      this.#secondsWaitingMs += waitingMs - this.#waitingMs;
    }
    this.#secondStartMs = nowMs;
    this.#cpuMs = cpuMs ?? 0;
    this.#waitingMs = waitingMs;
    this.#due =
      this.#dispatched =
      this.#completed =
      this.#dropped =
        0;
    this.#lagMaxMs = this.#loopDelayMaxMs = -Infinity;
  }

  /** The evidence so far; what was measured comes from the dispatcher. */
  evidence(measured: number, measuredNotOk: number): Verdict["evidence"] {
    return {
      dispatched: this.#lag.count,
      dropped: this.droppedTotal,
      lateDispatches: this.#lag.late,
      dispatchLagP50Ms: this.#lag.quantileMs(0.5),
      dispatchLagP99Ms: this.#lag.quantileMs(0.99),
      dispatchLagMaxMs: this.#lag.maximumMs(),
      loopProbes: this.#loopDelay.count,
      lateLoopProbes: this.#loopDelay.late,
      loopDelayP99Ms: this.#loopDelay.quantileMs(0.99),
      loopDelayMaxMs: this.#loopDelay.maximumMs(),
      busySeconds: this.#busySeconds,
      seconds: this.#seconds,
      measured,
      waitingPercent: this.#secondsMs === 0 ? null : 100 * this.#secondsWaitingMs / this.#secondsMs,
      measuredNotOk,
    };
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
