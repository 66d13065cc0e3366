import type { Alarm } from "../../lib/clock/alarm.ts";
import type { Clock, TimerHandle } from "../../lib/clock/clock.ts";

interface ManualTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until a test moves it, beside sockets that are real:
 * no time-out depends on how fast the machine is.
 */
export class ManualClock implements Clock {
  readonly originUnixMs = 1_800_000_000_000;
  readonly isVirtual = true;
  readonly waitingMs = 0;
  #nowMs = 1000;
  readonly #timers = new Set<ManualTimer>();

  nowMs(): number {
    return this.#nowMs;
  }

  at(dueMs: number, callback: () => void): TimerHandle {
    const timer = { dueMs, callback };
    this.#timers.add(timer);
    // What is due already comes in a later turn, as with a clock that is real.
    const soon = dueMs <= this.#nowMs ? setTimeout(() => this.#fire(timer), 0) : undefined;
    return {
      cancel: () => {
        this.#timers.delete(timer);
        clearTimeout(soon);
      },
    };
  }

  alarm(_callback: () => void): Alarm {
    throw new Error("nobody here sets an alarm");
  }

  run(_body: (stop: () => void) => void): Promise<void> {
    throw new Error("a test moves this clock itself");
  }

  /** How long after now each timer is due. */
  delaysMs(): number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.#nowMs);
  }

  /** Lets time pass; what falls due does so in order. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      let first: ManualTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs <= endMs && (first === undefined || timer.dueMs < first.dueMs)) {
          first = timer;
        }
      }
      if (first === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, first.dueMs);
      this.#fire(first);
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass in steps, with a turn of the event loop after each, until the promise settles. */
  async advanceUntil<T>(promise: Promise<T>, stepMs = 50): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => isSettled = true);
    settled.catch(() => {});
    while (!isSettled) {
      this.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return await settled;
  }

  #fire(timer: ManualTimer): void {
    if (this.#timers.delete(timer)) timer.callback();
  }
}
