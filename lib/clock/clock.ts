import type { Alarm } from "./alarm.ts";
import { AlarmGroup, BlockingAlarm } from "./blocking_alarm.ts";
import { timeoutOf } from "./timeout.ts";
import { type Waiter, waiterOfThread } from "./waiter.ts";

/** A timer that has been armed. */
export interface TimerHandle {
  /** Disarms the timer; harmless when it has fired already. */
  cancel(): void;
}

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
  /** A sentence where it waits for alarms otherwise than is best; absent or `null`: as is best. */
  readonly waitingNote?: string | null;
  /**
   * Calls `body`, then lets time pass until the `stop` that it was given is
   * called. An error thrown in `body` or by a timer rejects the promise.
   */
  run(body: (stop: () => void) => void): Promise<void>;
}

/**
 * The clock of this machine: monotonic, in steps of a few nanoseconds. Timers
 * are as precise as the runtime's, late by up to about a millisecond. Alarms are
 * late by some 0.05 ms: until they are due they block the thread, and give the event loop
 * its turns whenever it has something to do.
 */
export class RealClock implements Clock {
  readonly originUnixMs: number;
  readonly isVirtual = false;
  readonly #originMs: number;
  readonly #waiter: () => Waiter;
  readonly #alarms = new AlarmGroup(() => this.nowMs());
  #reject: ((reason: unknown) => void) | undefined;

  /** @param waiter how it waits for alarms: as is best, unless a test wants another way */
  constructor(waiter: () => Waiter = waiterOfThread) {
    this.#waiter = waiter;
    this.#originMs = performance.now();
    this.originUnixMs = performance.timeOrigin + this.#originMs;
  }

  nowMs(): number {
    return performance.now() - this.#originMs;
  }

  get waitingMs(): number {
    return this.#alarms.waitingMs;
  }

  get waitingNote(): string | null {
    return this.#waiter().note;
  }

  alarm(callback: () => void): Alarm {
    const ring = () => {
      try {
        callback();
      } catch (error) {
        this.#fail(error);
      }
    };
    return new BlockingAlarm(this.#alarms, this.#waiter(), ring);
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
