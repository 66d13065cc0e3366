import { setImmediate } from "node:timers";

/** A timer that has been armed. */
export interface TimerHandle {
  /** Disarms the timer; harmless when it has fired already. */
  cancel(): void;
}

/** A timer that is set again and again without leaving garbage. */
export interface Alarm {
  /** Calls the alarm's callback once, at `dueMs` or as soon after as can be; replaces what was set. */
  set(dueMs: number): void;
  /** Takes back what was set. */
  clear(): void;
}

/** What a real clock may do to be on time. */
export const PACINGS = ["precise", "economical"] as const;

/** See {@linkcode PACINGS}. */
export type Pacing = (typeof PACINGS)[number];

/**
 * Time, injected. Nothing outside this folder reads the time or starts a timer,
 * so that the same program runs on real and on virtual time.
 */
export interface Clock {
  /** Milliseconds since the origin of the clock, never decreasing. */
  nowMs(): number;
  /** The origin in milliseconds since 1970-01-01 UTC. */
  readonly originUnixMs: number;
  /** Time jumps from event to event: nothing is ever late, and CPU time says nothing. */
  readonly isVirtual: boolean;
  /**
   * Calls `callback` once, at `dueMs` or as soon after as can be. A callback
   * that returns a promise (a scrape) holds virtual time up until it settles.
   */
  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle;
  /** Makes an alarm, which is as precise as the clock can be: for what must be on time. */
  alarm(callback: () => void): Alarm;
  /** CPU time that waiting for alarms has used so far; 0 where waiting costs nothing. */
  readonly waitingMs: number;
  /**
   * Calls `body`, then lets time pass until the `stop` that it was given is
   * called. An error thrown in `body` or by a timer rejects the promise.
   */
  run(body: (stop: () => void) => void): Promise<void>;
}

/** Longest yield loop before an alarm: timers of an idle machine are never later. */
const MOST_MARGIN_MS = 2;

/** Shortest: below it a timer saves nothing. */
const LEAST_MARGIN_MS = 0.2;

/** Of a core, what an economical clock may wait awake for: below 5 %, so that it never is more. */
const ECONOMICAL_SHARE = 0.045;

/** What an economical clock may save up while nothing is due: some tens of alarms. */
const MOST_SAVED_MS = 20;

/** Its margin where all of that is saved, less in proportion: so it settles at what there is. */
const MOST_ECONOMICAL_MARGIN_MS = 1.2;

/** How fast the margin forgets one late timer: by half in 70 timers. */
const MARGIN_DECAY = 0.99;

/**
 * A turn of the event loop that was shorter did nothing but wait: an empty one
 * takes 1 µs to 3 µs, one with a write or a read of ours at least 6 µs. What is
 * longer counts as work, so that the CPU of the work is told too high rather
 * than too low.
 */
const EMPTY_TURN_MS = 0.004;

/**
 * The clock of this machine: monotonic, in steps of a few nanoseconds. Timers
 * are as precise as the runtime's, late by up to about a millisecond. Alarms are
 * more so: a timer wakes them early, and they yield to the event loop again and
 * again until they are due: late by microseconds, for CPU time that is counted.
 * When the pacing is `precise` they wake as early as timers were late before;
 * when it is `economical`, as early as a twentieth of a core allows, and where
 * that is used up they are timers.
 */
export class RealClock implements Clock {
  readonly originUnixMs: number;
  readonly isVirtual = false;
  readonly pacing: Pacing;
  readonly #originMs: number;
  #reject: ((reason: unknown) => void) | undefined;
  #waitingMs = 0;

  constructor(pacing: Pacing = "economical") {
    this.pacing = pacing;
    this.#originMs = performance.now();
    this.originUnixMs = performance.timeOrigin + this.#originMs;
  }

  nowMs(): number {
    return performance.now() - this.#originMs;
  }

  get waitingMs(): number {
    return this.#waitingMs;
  }

  alarm(callback: () => void): Alarm {
    const ring = () => {
      try {
        callback();
      } catch (error) {
        this.#fail(error);
      }
    };
    return new YieldingAlarm(
      this,
      ring,
      (waitedMs) => this.#waitingMs += waitedMs,
      this.pacing === "economical" ? ECONOMICAL_SHARE : null,
    );
  }

  at(dueMs: number, callback: () => void | Promise<void>): TimerHandle {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      timer = setTimeout(fire, timeoutOf(dueMs - this.nowMs()));
    };
    const fire = () => {
      if (cancelled) return;
      if (this.nowMs() < dueMs) return arm();
      try {
        const settled = callback();
        if (settled !== undefined) settled.catch((error) => this.#fail(error));
      } catch (error) {
        this.#fail(error);
      }
    };
    arm();
    return {
      cancel() {
        cancelled = true;
        clearTimeout(timer);
      },
    };
  }

  run(body: (stop: () => void) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#reject = reject;
      body(resolve);
    }).finally(() => this.#reject = undefined);
  }

  #fail(error: unknown): void {
    if (this.#reject === undefined) throw error;
    this.#reject(error);
  }
}

/** An alarm that wakes early and yields to the event loop until it is due. */
class YieldingAlarm implements Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #onWaited: (waitedMs: number) => void;
  readonly #wake = () => this.#onWake();
  readonly #turn = () => this.#onTurn();
  #dueMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakeMs = 0;
  /** A turn of the loop is under way, to see whether it is time. */
  #isYielding = false;
  #turnMs = 0;
  /** How long before it is due the timer wakes; as late as timers have been. */
  #marginMs: number;
  /** Of a core, that it may wait awake for; `null`: for as long as it takes. */
  readonly #mostShare: number | null;
  /** What it may still wait awake for, and as of when. */
  #savedMs = MOST_SAVED_MS;
  #savedAtMs = 0;

  constructor(
    clock: Clock,
    ring: () => void,
    onWaited: (waitedMs: number) => void,
    mostShare: number | null,
  ) {
    this.#clock = clock;
    this.#ring = ring;
    this.#onWaited = onWaited;
    this.#mostShare = mostShare;
    this.#marginMs = mostShare === null ? MOST_MARGIN_MS : MOST_ECONOMICAL_MARGIN_MS;
  }

  set(dueMs: number): void {
    this.#dueMs = dueMs;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isYielding) this.#arm(this.#clock.nowMs());
  }

  clear(): void {
    this.set(Infinity);
  }

  #arm(nowMs: number): void {
    if (this.#mostShare !== null) this.#earn(nowMs);
    const aheadMs = this.#dueMs - nowMs - this.#marginMs;
    if (aheadMs < 1 && this.#spend(this.#dueMs - nowMs)) {
      this.#isYielding = true;
      this.#turnMs = nowMs;
      setImmediate(this.#turn);
    } else if (aheadMs < Infinity) {
      const timeoutMs = timeoutOf(aheadMs);
      this.#wakeMs = nowMs + timeoutMs;
      this.#timer = setTimeout(this.#wake, timeoutMs);
    }
  }

  /** Saves up what it may wait awake for since it last did. */
  #earn(nowMs: number): void {
    const earnedMs = this.#mostShare! * (nowMs - this.#savedAtMs);
    this.#savedMs = Math.min(MOST_SAVED_MS, this.#savedMs + earnedMs);
    this.#savedAtMs = nowMs;
    this.#marginMs = MOST_ECONOMICAL_MARGIN_MS * this.#savedMs / MOST_SAVED_MS;
  }

  /** Takes what it will wait awake for off what is saved; `false`: that is not as much. */
  #spend(waitMs: number): boolean {
    if (this.#mostShare === null) return true;
    if (waitMs > this.#savedMs) return false;
    this.#savedMs -= Math.max(0, waitMs);
    return true;
  }

  #onWake(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    if (this.#mostShare !== null) return this.#arm(nowMs);
    const lateMs = nowMs - this.#wakeMs;
    this.#marginMs = Math.min(
      MOST_MARGIN_MS,
      Math.max(LEAST_MARGIN_MS, 1.2 * lateMs, this.#marginMs * MARGIN_DECAY),
    );
    this.#arm(nowMs);
  }

  #onTurn(): void {
    const nowMs = this.#clock.nowMs();
    const turnMs = nowMs - this.#turnMs;
    if (turnMs < EMPTY_TURN_MS) this.#onWaited(turnMs);
    if (nowMs < this.#dueMs) {
      this.#turnMs = nowMs;
      if (this.#dueMs - nowMs < this.#marginMs + 1) setImmediate(this.#turn);
      else {
        // It was set anew meanwhile, to a time farther off.
        this.#isYielding = false;
        this.#arm(nowMs);
      }
      return;
    }
    this.#isYielding = false;
    this.#dueMs = Infinity;
    this.#ring();
  }
}

/** A timer longer than 2^31 ms fires at once in every JavaScript runtime. */
function timeoutOf(aheadMs: number): number {
  return Math.min(Math.max(0, Math.floor(aheadMs)), 0x7fffffff);
}

/**
 * Resolves after `durationMs` on the clock.
 *
 * @throws the signal's reason when it aborts first
 */
export function sleep(clock: Clock, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.at(clock.nowMs() + durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The time of day, for names and manifests only; measurements use a clock. */
export function wallClockDate(): Date {
  return new Date();
}
