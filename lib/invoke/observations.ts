import { createHistogram } from "node:perf_hooks";
import type { MachineFigures, WaitEvidence } from "../store/schema/manifest.ts";
import { hasEnoughBeyond } from "../stats/quantile.ts";

const SECOND_MS = 1000;

/** Longest time that the histograms tell apart, in microseconds: a day. */
const HIGHEST_US = 86_400_000_000;

/**
 * What is observed of the generator in one second of a run. A number that begins
 * as −Infinity is the largest of something; unknown while it is still that.
 */
export class ObservedSecond {
  due = 0;
  dispatched = 0;
  completed = 0;
  dropped = 0;
  /** Given up without having been sent. */
  unsent = 0;
  /** Ended a wait for the platform that was longer than the lag may be. */
  peerWaits = 0;
  peerWaitMaxMs = -Infinity;
  lagMaxMs = -Infinity;
  loopDelayMaxMs = -Infinity;
  /** What was read when it had ended; `null` before. */
  reading: SecondReading | null = null;

  /** Takes in what was observed of another. */
  add(other: ObservedSecond): void {
    this.due += other.due;
    this.dispatched += other.dispatched;
    this.completed += other.completed;
    this.dropped += other.dropped;
    this.unsent += other.unsent;
    this.peerWaits += other.peerWaits;
    this.peerWaitMaxMs = Math.max(this.peerWaitMaxMs, other.peerWaitMaxMs);
    this.lagMaxMs = Math.max(this.lagMaxMs, other.lagMaxMs);
    this.loopDelayMaxMs = Math.max(this.loopDelayMaxMs, other.loopDelayMaxMs);
  }
}

/** What is read when a second has ended; percentages of a core, `null` if unknown. */
export interface SecondReading {
  readonly inFlight: number;
  readonly requestedMemoryMib: number;
  /** Waiting excluded. */
  readonly cpuPercent: number | null;
  readonly waitingPercent: number | null;
  readonly machine: MachineFigures;
}

/** Quantiles of times, to three figures, in constant memory. */
export class TimeHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 });
  /** Times of a microsecond at most (on virtual time all of them), which the histogram need not see. */
  #least = 0;
  count = 0;
  late = 0;
  #maxMs = -Infinity;
  readonly #limitMs: number;

  constructor(limitMs = Infinity) {
    this.#limitMs = limitMs;
  }

  /** Takes a time in; one above the limit counts as late. */
  record(ms: number): void {
    if (ms <= 0.001) this.#least++;
    else this.#histogram.record(Math.min(HIGHEST_US, Math.round(ms * 1000)));
    this.count++;
    if (ms > this.#limitMs) this.late++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** `null` with too few observations beyond it. */
  quantileMs(quantile: number): number | null {
    if (!hasEnoughBeyond(this.count, quantile)) return null;
    const beyond = quantile * this.count - this.#least;
    // The histogram starts at 1 µs; no quantile is above the maximum.
    if (beyond <= 0) return Math.min(0.001, this.maximumMs()!);
    return this.#histogram.percentile(100 * beyond / (this.count - this.#least)) / 1000;
  }

  /** To whole microseconds; `null` without an observation. */
  maximumMs(): number | null {
    return this.count === 0 ? null : Math.round(this.#maxMs * 1000) / 1000 + 0;
  }
}

/** Counts waits of invocations, and the seconds in which those were due. */
export class WaitTally {
  readonly #seconds = new Set<number>();
  #invocations = 0;
  #longestMs = -Infinity;

  record(scheduledMs: number, waitedMs: number): void {
    this.#invocations++;
    if (waitedMs > this.#longestMs) this.#longestMs = waitedMs;
    this.#seconds.add(Math.floor(scheduledMs / SECOND_MS));
  }

  evidence(): WaitEvidence {
    return {
      invocations: this.#invocations,
      longestMs: this.#invocations === 0 ? null : this.#longestMs,
      seconds: [...this.#seconds].sort((a, b) => a - b),
    };
  }
}
